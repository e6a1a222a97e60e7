// `npm run command:page`: writes docs/command.md; page.test.ts compares it.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { commandPage } from '../../src/command/page.ts'

writeFileSync(fileURLToPath(new URL('../../docs/command.md', import.meta.url)), await commandPage())
