/**
 * What an import may mean that Node finds nothing for, and which files a script is made of.
 */
import { writeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** What a hook of Node answers. */
export interface Resolved {
  readonly url: string
}

/** Another import to try. */
export interface OtherImport {
  readonly specifier: string
  readonly parentURL: string | undefined
}

/**
 * `millrace` is this package for scripts that have none, and `./a.js` may be `./a.ts`, as the compiler has it.
 *
 * @param own a module of this package
 */
export function otherwise(
  specifier: string,
  parentURL: string | undefined,
  own: string,
  error: unknown,
): OtherImport | undefined {
  if ((error as { readonly code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') return undefined
  if (/^millrace(\/|$)/.test(specifier)) return { specifier, parentURL: own }
  if (!/^\.{1,2}\/.*\.[mc]?js$/.test(specifier)) return undefined
  return { specifier: specifier.replace(/js$/, 'ts'), parentURL }
}

/** Tells which file was found, if anyone asks; those of packages do not change. */
export function reported(found: Resolved, report: number | undefined): Resolved {
  if (report !== undefined) tell(found.url, report)
  return found
}

/** A file that is missing may come. */
export function reportMissing(specifier: string, parentURL: string | undefined, report: number | undefined): void {
  if (report === undefined || !/^\.{1,2}\//.test(specifier)) return
  for (const name of [specifier, specifier.replace(/js$/, 'ts')]) tell(new URL(name, parentURL).href, report)
}

function tell(url: string, report: number): void {
  if (url.startsWith('file:') && !url.includes('/node_modules/')) {
    writeSync(report, `${fileURLToPath(url.replace(/[?#].*$/, ''))}\n`)
  }
}
