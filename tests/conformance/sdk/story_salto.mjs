// The guide's story of Salto KS locks with an official JavaScript SDK: `node story_salto.mjs PACKAGE_FOLDER
// ENDPOINT API_KEY`.
//
// Knows nothing of Ostiary. The first line that it prints is the webview that somebody has to log in at, the
// second is what it saw, as JSON.
import { connected, description, eventsOf, isSet, opened, pythonInstant, refusal, sdk, told, until } from './steps.mjs'

const { isSeamActionAttemptFailedError } = sdk
const FAR = { starts_at: '2028-08-12T19:23:42+0000', ends_at: '2028-08-13T19:23:42+0000' }
const DAY = 86_400_000

// A door that opens and locks itself again, and one that asks for one-time passwords.
const doors = async (seam, { device_id }, guarded) => {
  const unlocked = await seam.locks.unlockDoor({ device_id })
  const locked = await seam.locks.lockDoor({ device_id })
  let failed = null
  try {
    await seam.locks.unlockDoor({ device_id: guarded.device_id })
  } catch (error) {
    if (!isSeamActionAttemptFailedError(error)) throw error
    failed = { code: error.code, message: error.message, status: error.actionAttempt.status }
  }
  return {
    unlock: [unlocked.action_type, unlocked.status],
    lock: [locked.action_type, locked.status],
    failed,
  }
}

const shown = ({ name, code, type, status, starts_at = null, ends_at = null, ...more }) => ({
  name,
  code,
  type,
  status,
  starts_at,
  ends_at,
  is_waiting: more.is_waiting_for_code_assignment === true,
  is_scheduled: more.is_scheduled_on_device === true,
})

const codes = async (seam, lock) => {
  const { device_id } = lock
  const get = (code) => seam.accessCodes.get({ access_code_id: code.access_code_id })
  const window = (start) => ({
    starts_at: pythonInstant(new Date(start)),
    ends_at: pythonInstant(new Date(start + DAY)),
  })
  const ongoing = await seam.accessCodes.create({ device_id, name: 'Ann' })
  const far = await seam.accessCodes.create({ device_id, name: 'Far', ...FAR })
  const tomorrow = Math.floor(Date.now() / 60_000) * 60_000 + DAY
  const near = await seam.accessCodes.create({ device_id, name: 'Near', ...window(tomorrow) })
  const ongoingSet = await until(() => get(ongoing), isSet)
  const nearReady = await until(() => get(near), (code) => code.is_scheduled_on_device)
  await seam.accessCodes.update({ access_code_id: near.access_code_id, ...window(tomorrow + DAY) })
  await until(() => told(seam, near, 'access_code.time_frame_changed'), (events) => events.length > 0)
  const nearMoved = await until(() => get(near), (code) => code.is_scheduled_on_device)
  const farStill = await get(far)
  for (const { access_code_id } of [ongoing, far, near]) await seam.accessCodes.delete({ access_code_id })
  await until(() => seam.accessCodes.list({ device_id }), (left) => left.length === 0)
  const events = await eventsOf(seam, lock)
  return {
    ongoing: [shown(ongoing), shown(ongoingSet)],
    far: [shown(far), shown(farStill)],
    near: [shown(near), shown(nearReady), shown(nearMoved)],
    gone: await refusal(() => get(ongoing)),
    events: [...new Set(events.map((event) => event.event_type))].sort(),
  }
}

const seam = opened()
const result = { version: description.version, connected: await connected(seam, 'salto_ks') }
const devices = await until(() => seam.devices.list(), (found) => found.length === 4)
const named = Object.fromEntries(devices.map((device) => [device.properties.name, device]))
const lock = named['BACK DOOR']
const facts = ([name, device]) => [name, [device.device_type, [...device.capabilities_supported].sort()]]
result.devices = Object.fromEntries(Object.entries(named).map(facts))
result.by_name = (await seam.locks.get({ name: 'BACK DOOR' })).device_id === lock.device_id
result.doors = await doors(seam, lock, named['SIDE DOOR'])
result.codes = await codes(seam, lock)
const create = (given) => refusal(() => seam.accessCodes.create(given))
result.refusals = {
  own_pin: await create({ device_id: lock.device_id, code: '123456' }),
  no_keypad: await create({ device_id: named['EXTRA DOOR'].device_id }),
}
console.log(JSON.stringify(result))
