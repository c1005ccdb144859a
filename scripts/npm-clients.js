// Reads one simulated terminal with one npm client and compares the counts with what it holds.
// Started by scripts/npm-clients: node npm-clients.js CLIENT TRANSPORT PORT USERS RECORDS
'use strict'

const [client, transport, port, users, records] = process.argv.slice(2)
const TIMEOUT_MS = 10000
const ANY_LOCAL_PORT = 0

// Both libraries print progress to standard output; only the result below belongs there.
console.log = console.error

function report(ok, words) {
  process.stdout.write(`${ok ? 'ok  ' : 'FAIL'} ${client} ${transport} users=${users} records=${records}: ${words}\n`)
  process.exit(ok ? 0 : 1)
}

// Both try TCP first and mean to fall back to UDP where it is refused; zkteco-js 1.7.2 does not recognise the refusal.
async function connect(terminal) {
  if (transport === 'udp' && terminal.zudp) {
    await terminal.zudp.createSocket()
    await terminal.zudp.connect()
    terminal.connectionType = 'udp'
  } else {
    await terminal.createSocket()
  }
}

async function main() {
  const Client = require(client)
  const terminal = new Client('127.0.0.1', Number(port), TIMEOUT_MS, ANY_LOCAL_PORT)
  await connect(terminal)
  const info = await terminal.getInfo()
  const foundUsers = (await terminal.getUsers()).data
  const foundRecords = (await terminal.getAttendances()).data
  await terminal.disconnect()
  const found = [terminal.connectionType, info.userCounts, info.logCounts, foundUsers.length, foundRecords.length]
  const wanted = [transport, Number(users), Number(records), Number(users), Number(records)]
  report(found.join() === wanted.join(), `transport, counted users and records, read users and records: ${found}`)
}

main().catch((error) => report(false, String(error.err || error)))
