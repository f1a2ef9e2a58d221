// What the stories share: an official JavaScript SDK, and patience.
//
// Knows nothing of Ostiary. The command line is `PACKAGE_FOLDER ENDPOINT API_KEY`.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [folder, endpoint, apiKey] = process.argv.slice(2)
export const description = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
export const sdk = await import(pathToFileURL(join(folder, description.main)).href)
const { Seam, isSeamHttpApiError, isSeamHttpInvalidInputError } = sdk

export const opened = () => new Seam({ apiKey, endpoint })

// A client whose key nobody knows.
export const stranger = () => new Seam({ apiKey: 'seam_apikey1_wrong', endpoint })

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

export const until = async (look, isRight, seconds = 30) => {
  const patience = Date.now() + seconds * 1000
  for (;;) {
    const seen = await look()
    if (isRight(seen)) return seen
    if (Date.now() > patience) throw new Error(`still not right: ${JSON.stringify(seen)}`)
    await pause(200)
  }
}

// As Python's strftime writes it: no colon in the offset.
export const pythonInstant = (date) => date.toISOString().replace('.000Z', '+0000')

export const refusal = async (call) => {
  try {
    await call()
  } catch (error) {
    if (!isSeamHttpApiError(error)) throw error
    return {
      class: error.constructor.name,
      is_invalid_input: isSeamHttpInvalidInputError(error),
      code: error.code,
      status: error.statusCode,
      request_id: error.requestId,
      message: error.message,
    }
  }
  return null
}

// Prints the webview that somebody has to log in at.
export const connected = async (seam, provider) => {
  const webview = await seam.connectWebviews.create({
    accepted_providers: [provider],
    custom_metadata: { tenant: 't-1' },
  })
  console.log(webview.url)
  const { connect_webview_id } = webview
  const done = await until(
    () => seam.connectWebviews.get({ connect_webview_id }),
    (seen) => seen.status === 'authorized',
  )
  const account = await seam.connectedAccounts.get({ connected_account_id: done.connected_account_id })
  return {
    first: webview.status,
    then: done.status,
    login_successful: done.login_successful,
    metadata: account.custom_metadata,
    provider: account.account_type,
  }
}

export const names = (devices) => devices.map((device) => device.properties.name).sort()

export const isSet = (code) => code.status === 'set' && code.pending_mutations.length === 0

export const told = (seam, { access_code_id }, event_type) =>
  seam.events.list({ access_code_id, event_type, since: '2020-01-01T00:00:00Z' })

export const eventsOf = (seam, { device_id }) =>
  seam.events.list({ device_id, since: '2020-01-01T00:00:00Z' })
