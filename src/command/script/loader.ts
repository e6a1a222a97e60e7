/**
 * How scripts in TypeScript are loaded: by the project's own tsx, else by Node, where it strips types, else by a
 * package of this command that does the same (docs/decisions/0029).
 */
import module, { createRequire } from 'node:module'
import { extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isTypeScript } from './find-script.ts'
import { otherwise, reported, reportMissing, type Resolved } from './resolution.ts'

interface ResolveContext {
  readonly parentURL?: string | undefined
}
type NextResolve = (specifier: string, context: ResolveContext) => Resolved

/** Hooks of Node that run in the thread of the program; Node 20 has none. */
type RegisterHooks = (hooks: {
  readonly resolve: (specifier: string, context: ResolveContext, next: NextResolve) => Resolved
  readonly load?: ((url: string, context: object, next: (url: string, context: object) => object) => object) | undefined
}) => void

/** What the hooks of another thread have to know. */
export interface HookData {
  /** A module of this package: where `millrace` is found when a script finds none. */
  readonly own: string
  readonly isStripping: boolean
  readonly report: number | undefined
}

/** @param report the file descriptor that the path of each file is written to */
export async function registerLoader(file: string, report: number | undefined): Promise<void> {
  const tsx = isTypeScript(file) ? tsxOf(file) : undefined
  if (tsx !== undefined) await import(tsx)
  const { features } = process as { readonly features: { readonly typescript?: unknown } }
  const data: HookData = {
    own: import.meta.url,
    isStripping: tsx === undefined && typeof features.typescript !== 'string',
    report,
  }
  const { registerHooks } = module as { readonly registerHooks?: RegisterHooks | undefined }
  if (registerHooks === undefined) {
    module.register(new URL(`./loader-thread${extname(import.meta.url)}`, import.meta.url), { data })
    return
  }
  const { strippedModule } = data.isStripping ? await import('./stripping.ts') : { strippedModule: undefined }
  registerHooks({
    resolve(specifier, context, next) {
      try {
        return reported(next(specifier, context), data.report)
      } catch (error) {
        reportMissing(specifier, context.parentURL, data.report)
        const other = otherwise(specifier, context.parentURL, data.own, error)
        if (other === undefined) throw error
        try {
          return reported(next(other.specifier, { ...context, parentURL: other.parentURL }), data.report)
        } catch {
          throw error // what the script says is what is missing
        }
      }
    },
    load: strippedModule && ((url, context, next) => strippedModule(url) ?? next(url, context)),
  })
}

function tsxOf(file: string): string | undefined {
  try {
    return pathToFileURL(createRequire(file).resolve('tsx')).href
  } catch {
    return undefined // the project has none
  }
}
