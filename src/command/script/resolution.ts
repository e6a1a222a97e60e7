/**
 * What an import may mean that Node finds nothing for.
 */

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
