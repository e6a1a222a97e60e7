/**
 * The machine: versions, and what the system lets a process do.
 */
import { readFileSync } from 'node:fs'
import { shownBytes } from '../../inspect/amounts.ts'
import { type Finding, ok, problem, warning } from './finding.ts'

export interface MachineFacts {
  readonly millraceVersion: string
  readonly formatVersion: number
  readonly nodeVersion: string
  /** As package.json says it: `>=20`. */
  readonly nodeWanted: string
  readonly platform: string
  /** What /proc/self/limits says; undefined on a system without it. */
  readonly limits: string | undefined
}

/** What /proc/self/limits says, where there is one. */
export function limitsOfProcess(): string | undefined {
  try {
    return readFileSync('/proc/self/limits', 'latin1')
  } catch {
    return undefined // another system, which does not say
  }
}

/** A log needs 16, and Node some 100. */
const filesMin = 256

export function checkMachine(facts: MachineFacts): Finding[] {
  return [checkVersions(facts), ...checkLimits(facts.limits)]
}

function checkVersions(facts: MachineFacts): Finding {
  const { millraceVersion, formatVersion, nodeVersion, nodeWanted, platform } = facts
  const what = `millrace ${millraceVersion} (format ${formatVersion}), Node ${nodeVersion}, ${platform}`
  if (isAtLeast(nodeVersion, nodeWanted)) return ok('versions', what)
  return problem('versions', what, `millrace needs Node ${nodeWanted}: install a newer one`)
}

/** @param wanted `>=` and a version */
function isAtLeast(version: string, wanted: string): boolean {
  const [has, needs] = [version, wanted].map((text) => /\d+(?:\.\d+)*/.exec(text)?.[0].split('.').map(Number) ?? [])
  for (const [at, need] of (needs ?? []).entries()) {
    const one = has?.[at] ?? 0
    if (one !== need) return one > need
  }
  return true
}

function checkLimits(limits: string | undefined): Finding[] {
  if (limits === undefined) return [ok('limits', 'this system does not say what a process may take')]
  const soft = (name: string): number => {
    const [, text = 'unlimited'] = new RegExp(`^Max ${name}\\s+(\\S+)`, 'm').exec(limits) ?? []
    return text === 'unlimited' ? Infinity : Number(text)
  }
  const files = soft('open files')
  const found: Finding[] = []
  if (files < filesMin) {
    found.push(
      warning(
        'limits',
        `a process may open ${files} files`,
        'raise it with "ulimit -n 4096", or LimitNOFILE= of systemd',
      ),
    )
  }
  const fileBytes = soft('file size')
  if (fileBytes !== Infinity) {
    const what = `a file may have ${shownBytes(fileBytes)}: a commit that goes past that fails, and stops the log`
    found.push(warning('limits', what, 'lift it with "ulimit -f unlimited", or LimitFSIZE= of systemd'))
  }
  const addressBytes = soft('address space')
  if (addressBytes !== Infinity) {
    const what = `a process may address ${shownBytes(addressBytes)}: the log takes half of what is free of it`
    found.push(warning('limits', what, 'lift it with "ulimit -v unlimited", or LimitAS= of systemd'))
  }
  if (found.length > 0) return found
  const shown = files === Infinity ? 'any number of' : files
  return [ok('limits', `a process may open ${shown} files; file size and address space are not limited`)]
}
