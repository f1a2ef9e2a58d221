// The peer: the fake of the wire's own makers, in memory, with its own seed, and 100 locks in their place.
//
// LOCKS (argument) is a JSON file with a list of devices as Ostiary serves them. The peer's locks get the same
// properties, so that both sides send about as many bytes; an empty list leaves them as the seed makes them.
import { readFileSync } from "node:fs"
import { createServer } from "node:net"
import { createFake } from "@seamapi/fake-seam-connect"

const COUNT = 100

const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })

const wanted = JSON.parse(readFileSync(process.argv[2], "utf8"))
const fake = await createFake()
const seed = await fake.seed()
const { database } = fake
const pattern = database.devices.find((device) => device.device_id === seed.august_device_1)
for (const device of [...database.devices]) database.deleteDevice(device.device_id)
const devices = Array.from({ length: COUNT }, (_, at) => {
  const { device_id, created_at, ...rest } = structuredClone(pattern)
  const name = `Lock ${at + 1}`
  const properties = { ...rest.properties, name, ...wanted[at]?.properties }
  return database.addDevice({ ...rest, name, properties }).device_id
})
await fake.startServer({ port: await freePort() })
const url = fake.serverUrl.replace("localhost", "127.0.0.1")
console.log(JSON.stringify({ url, api_key: seed.seam_apikey1_token, devices }))
