/**
 * The hooks of the loader for Node 20, which runs them in a thread of their own.
 */
import type { HookData } from './loader.ts'
import { otherwise, reported, reportMissing, type Resolved } from './resolution.ts'
import type { strippedModule } from './stripping.ts'

interface ResolveContext {
  readonly parentURL?: string | undefined
}

let own = ''
let report: number | undefined
let strip: typeof strippedModule | undefined

export async function initialize(data: HookData): Promise<void> {
  own = data.own
  report = data.report
  if (data.isStripping) strip = (await import('./stripping.ts')).strippedModule
}

export async function resolve(
  specifier: string,
  context: ResolveContext,
  next: (specifier: string, context: ResolveContext) => Promise<Resolved>,
): Promise<Resolved> {
  try {
    return reported(await next(specifier, context), report)
  } catch (error) {
    reportMissing(specifier, context.parentURL, report)
    const other = otherwise(specifier, context.parentURL, own, error)
    if (other === undefined) throw error
    try {
      return reported(await next(other.specifier, { ...context, parentURL: other.parentURL }), report)
    } catch {
      throw error // what the script says is what is missing
    }
  }
}

export async function load(
  url: string,
  context: object,
  next: (url: string, context: object) => Promise<object>,
): Promise<object> {
  return strip?.(url) ?? next(url, context)
}
