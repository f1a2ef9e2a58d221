// Users of an app in their browsers, with an official JavaScript SDK: `node story_sessions.mjs PACKAGE_FOLDER
// ENDPOINT API_KEY PUBLISHABLE_KEY`.
//
// Knows nothing of Ostiary. The first line that it prints is the webview that somebody has to log in at, the
// second is what it saw, as JSON.
import { connected, description, names, opened, refusal, sdk, until } from './steps.mjs'

const { SeamHttp } = sdk
const [, endpoint, , publishableKey] = process.argv.slice(2)
const backend = opened()
const result = { version: description.version }

// A page that has nothing but a publishable key.
const anna = await SeamHttp.fromPublishableKey(publishableKey, 'user-anna', { endpoint })
result.first = names(await anna.devices.list())
result.connected = await connected(anna, 'nuki')
const devices = await until(() => anna.devices.list(), (found) => found.length === 3)
result.devices = names(devices)
const lock = devices.find((device) => device.can_program_online_access_codes)
const { device_id } = lock
const unlocked = await anna.locks.unlockDoor(
  { device_id },
  { waitForActionAttempt: { timeout: 20_000, pollingInterval: 200 } },
)
result.unlocked = [unlocked.action_type, unlocked.status]
result.refused = await refusal(() => anna.connectedAccounts.list())

// Another user, with a token that the backend has made.
const made = await backend.clientSessions.create({ user_identifier_key: 'user-ben' })
const again = await backend.clientSessions.create({ user_identifier_key: 'user-ben' }).catch((error) => error.code)
result.again = again.client_session_id ? again.client_session_id === made.client_session_id : again
const ben = SeamHttp.fromClientSessionToken(made.token, { endpoint })
result.ben = {
  devices: names(await ben.devices.list()),
  device: await refusal(() => ben.devices.get({ device_id })),
  unlock: await refusal(() => ben.locks.unlockDoor({ device_id })),
}
const seenBy = async (user_identifier_key) => names(await backend.devices.list({ user_identifier_key }))
result.seen_by = { anna: await seenBy('user-anna'), ben: await seenBy('user-ben') }

// The same client goes on with another token.
const session = await backend.clientSessions.get({ user_identifier_key: 'user-anna' })
await ben.updateClientSessionToken(session.token)
result.updated = names(await ben.devices.list())
result.device_count = session.device_count

await backend.clientSessions.revoke({ client_session_id: session.client_session_id })
result.revoked = await refusal(() => anna.devices.list())
result.update_refused = await refusal(() => ben.updateClientSessionToken(session.token))
const wrong = await refusal(() => SeamHttp.fromPublishableKey('seam_pk1_wrong', 'user-anna', { endpoint }))
result.wrong = wrong.status
console.log(JSON.stringify(result))
