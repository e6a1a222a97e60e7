// Writes test/fixtures/own-batches.json: what millrace makes, for the Java client to read (README.md).
import { writeFileSync } from 'node:fs'
import { ownBatches } from '../support/own-batches.ts'

writeFileSync(new URL('../fixtures/own-batches.json', import.meta.url), `${JSON.stringify(ownBatches(), null, 2)}\n`)
