// What an official verifier says to requests as they came. Knows nothing of Ostiary.
//
// The command line is `PACKAGE_FOLDER CLASS`; standard input is a JSON list of `{secret, headers, body}`, and
// standard output the list of verdicts: the event's id and type, or the class and the message of the refusal.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [folder, name] = process.argv.slice(2)
const description = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
const module = await import(pathToFileURL(join(folder, description.main)).href)
const Verifier = module[name]

const verdict = ({ secret, headers, body }) => {
  try {
    const { event_id, event_type } = new Verifier(secret).verify(body, headers)
    return { event_id, event_type }
  } catch (error) {
    return { refused: error.constructor.name, why: error.message }
  }
}

const cases = JSON.parse(readFileSync(0, 'utf8'))
console.log(JSON.stringify({ version: description.version, verdicts: cases.map(verdict) }))
