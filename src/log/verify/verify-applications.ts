/**
 * Looks for what a deletion should have taken along: rows of an application that is no more, and marks of stores that
 * are not deleted.
 */
import type { Environment } from '../../storage/environment.ts'
import { afterName } from '../../storage/keys.ts'
import { unseal } from '../../storage/sealed-rows.ts'
import { applicationKey, applicationNames, decodeApplication, isApplication } from '../kept/application-rows.ts'
import { deletedStoreId, deletedStoresRange } from '../kept/deleted-stores.ts'
import { switchNumbers } from '../kept/switch-rows.ts'
import type { Findings } from './findings.ts'

const rowsMax = 1_000_000

/** In one snapshot. */
export function checkApplications(environment: Environment, findings: Findings): void {
  for (const name of applicationNames(environment)) {
    if (isApplication(environment, name)) {
      checkSwitches(environment, name, findings)
      continue
    }
    findings.add('orphan', `"applications" holds rows of "${name}", but none that says who may commit for it`)
  }
  for (const name of namesOfStores(environment)) {
    if (isApplication(environment, name)) continue
    findings.add('orphan', `"stores" holds stores of application "${name}", which does not exist`)
  }
  const known = new Set(
    environment.storedRange('stores', Buffer.of(0), Buffer.alloc(64, 255), rowsMax).flatMap(({ key, value }) => {
      const id = unseal(key, value)
      return id?.length === 4 ? [id.readUInt32BE()] : []
    }),
  )
  for (const { key, value } of environment.storedRange('meta', ...deletedStoresRange, rowsMax)) {
    if (unseal(key, value) === undefined || !known.has(deletedStoreId(key))) continue
    findings.add('wrong_state', `the store with the id ${deletedStoreId(key)} is marked as deleted, but has a name`)
  }
}

/** Those of an application are kept under its own name, where its live version is. */
function checkSwitches(environment: Environment, name: string, findings: Findings): void {
  const numbers = switchNumbers(environment, name)
  const stored = environment.get('applications', applicationKey(name))
  const row = stored === undefined ? undefined : decodeApplication(stored)
  if (row === undefined || name !== row.applicationId) return // what is wrong with the row itself is told elsewhere
  if (numbers.length === row.switches && numbers.every((one, index) => one === index + 1)) return
  const listed = numbers.length === 0 ? 'none' : numbers.join(', ')
  findings.add('wrong_state', `application "${name}" was switched ${row.switches} times; it has rows of: ${listed}`)
}

function* namesOfStores(environment: Environment): Generator<string> {
  for (let from: Buffer = Buffer.of(0); ;) {
    const [key] = environment.keys('stores', from, Buffer.alloc(64, 255), 1)
    if (key === undefined) return
    const name = key.subarray(0, key.indexOf(0)).toString()
    yield name
    from = afterName(name, key, from)
  }
}
