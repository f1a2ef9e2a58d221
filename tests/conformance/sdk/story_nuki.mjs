// The guide's story of a Nuki lock with an official JavaScript SDK: `node story_nuki.mjs PACKAGE_FOLDER ENDPOINT
// API_KEY`.
//
// Knows nothing of Ostiary. The first line that it prints is the webview that somebody has to log in at, the
// second is what it saw, as JSON.
import {
  connected,
  description,
  eventsOf,
  isSet,
  names,
  opened,
  pythonInstant,
  refusal,
  sdk,
  stranger,
  told,
  until,
} from './steps.mjs'

const { isSeamActionAttemptTimeoutError } = sdk

const doors = async (seam, lock) => {
  const { device_id } = lock
  const unlocked = await seam.locks.unlockDoor({ device_id })
  const between = (await seam.devices.get({ device_id })).properties.locked
  const patient = { waitForActionAttempt: { timeout: 20_000, pollingInterval: 200 } }
  const locked = await seam.locks.lockDoor({ device_id }, patient)
  const hurried = await seam.locks.unlockDoor({ device_id }, { waitForActionAttempt: false })
  const later = await seam.actionAttempts.get(
    { action_attempt_id: hurried.action_attempt_id },
    { waitForActionAttempt: true },
  )
  let timedOut = null
  try {
    await seam.locks.lockDoor({ device_id }, { waitForActionAttempt: { timeout: 1, pollingInterval: 1 } })
  } catch (error) {
    if (!isSeamActionAttemptTimeoutError(error)) throw error
    timedOut = error.actionAttempt.action_type
  }
  return {
    unlock: [unlocked.action_type, unlocked.status, between],
    lock: [locked.action_type, locked.status],
    hurried: [hurried.status, later.status],
    timed_out: timedOut,
  }
}

const shown = ({ name, code, type, status, starts_at = null, ends_at = null }) => ({
  name,
  code,
  type,
  status,
  starts_at,
  ends_at,
})

const codes = async (seam, lock) => {
  const { device_id } = lock
  const start = new Date(Math.floor(Date.now() / 1000) * 1000 - 3_600_000)
  const end = new Date(start.getTime() + 2 * 86_400_000)
  const ongoing = await seam.accessCodes.create({ device_id, name: 'Ann', code: '498882' })
  const bound = await seam.accessCodes.create({
    device_id,
    name: 'Bob',
    starts_at: pythonInstant(start),
    ends_at: pythonInstant(end),
  })
  const get = (code) => seam.accessCodes.get({ access_code_id: code.access_code_id })
  const ongoingSet = await until(() => get(ongoing), isSet)
  const boundSet = await until(() => get(bound), isSet)
  const listed = await seam.accessCodes.list({ device_id })
  const later = new Date(end.getTime() + 86_400_000)
  await seam.accessCodes.update({ access_code_id: ongoing.access_code_id, name: 'Anna', code: '498883' })
  await seam.accessCodes.update({
    access_code_id: bound.access_code_id,
    starts_at: pythonInstant(start),
    ends_at: later.toISOString(),
  })
  const wished = await get(ongoing)
  await until(() => told(seam, ongoing, 'access_code.code_changed'), (events) => events.length > 0)
  await until(() => told(seam, bound, 'access_code.time_frame_changed'), (events) => events.length > 0)
  const ongoingChanged = await until(() => get(ongoing), isSet)
  const boundChanged = await until(() => get(bound), isSet)
  await seam.accessCodes.delete({ access_code_id: ongoing.access_code_id })
  await seam.accessCodes.delete({ access_code_id: bound.access_code_id })
  await until(() => seam.accessCodes.list({ device_id }), (left) => left.length === 0)
  const events = await eventsOf(seam, lock)
  return {
    ongoing: [shown(ongoing), shown(ongoingSet), shown(wished), shown(ongoingChanged)],
    bound: [shown(bound), shown(boundSet), shown(boundChanged)],
    listed: listed.map((code) => code.name).sort(),
    gone: await refusal(() => get(ongoing)),
    events: [...new Set(events.map((event) => event.event_type))].sort(),
    newest_first: events.map((event) => event.occurred_at),
  }
}

// Three devices on pages of one.
const pages = async (seam) => {
  if (seam.createPaginator == null) return null
  const paginator = seam.createPaginator(seam.devices.list({ limit: 1 }))
  const ids = (page) => page.map((device) => device.device_id)
  let [page, pagination] = await paginator.firstPage()
  const found = [ids(page)]
  while (pagination.hasNextPage) {
    ;[page, pagination] = await paginator.nextPage(pagination.nextPageCursor)
    found.push(ids(page))
  }
  const flat = []
  for await (const device of paginator.flatten()) flat.push(device.device_id)
  return { pages: found, flat }
}

const seam = opened()
const result = { version: description.version, node: process.version, connected: await connected(seam, 'nuki') }
const devices = await until(() => seam.devices.list(), (found) => found.length === 3)
const lock = devices.find((device) => device.can_program_online_access_codes)
const other = devices.find((device) => !device.can_program_online_access_codes)
const { device_id } = lock
result.devices = names(devices)
result.locks = names(await seam.locks.list())
result.got = (await seam.devices.get({ device_id })).properties.name
result.by_name = (await seam.locks.get({ name: 'Front door' })).device_id === device_id
result.device_type = lock.device_type
result.pages = await pages(seam)
result.doors = await doors(seam, lock)
result.codes = await codes(seam, lock)
const create = (given) => refusal(() => seam.accessCodes.create(given))
result.refusals = {
  unknown_device: await refusal(() => seam.devices.get({ device_id: '8d7e2a30-6c1f-4a52-9f5b-0d2c5a3f1e77' })),
  bad_pin: await create({ device_id, code: '120000' }),
  short_pin: await create({ device_id, code: '12' }),
  no_keypad: await create({ device_id: other.device_id, code: '498882' }),
  wrong_key: await refusal(() => stranger().devices.list()),
}
console.log(JSON.stringify(result))
