// Which public names lack a docblock, or an example where one is due: the compiler knows what is exported and what is said of it.
import { API, type Checker, type Project, type Symbol as Named, SymbolFlags } from 'typescript/unstable/sync'

/** A file whose exports are public. In a file of verbs each method has an example of its own, not only each class. */
export interface Entrance {
  readonly path: string
  readonly verbs?: true
}

/** `name: what is missing`, for every public name and every public member of a class or an interface. */
export function missingDocblocks(config: string, entrances: readonly Entrance[]): string[] {
  const compiler = new API()
  try {
    const [project] = compiler.updateSnapshot({ openProjects: [config] }).getProjects()
    if (project === undefined) throw new Error(`there is no project ${config}`)
    return [...new Set(entrances.flatMap((entrance) => missingIn(project, entrance)))]
  } finally {
    compiler.close()
  }
}

function missingIn({ program, checker }: Project, { path, verbs }: Entrance): string[] {
  const source = program.getSourceFile(path)
  const module = source && checker.getSymbolAtLocation(source)
  if (module === undefined) throw new Error(`${path} exports nothing`)
  return checker.getExportsOfModule(module).flatMap((exported) => {
    const symbol = exported.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
    const missing = missingOf(checker, symbol, exported.name, isCalled(checker, symbol))
    if (!(symbol.flags & (SymbolFlags.Class | SymbolFlags.Interface))) return missing
    const members = [...symbol.getMembers().values(), ...symbol.getExports().values()].filter(isPublic)
    return [
      ...missing,
      ...members.flatMap((member) =>
        missingOf(
          checker,
          member,
          `${exported.name}.${member.name}`,
          verbs === true && Boolean(member.flags & SymbolFlags.Method),
        ),
      ),
    ]
  })
}

function missingOf(checker: Checker, symbol: Named, name: string, isExampleDue: boolean): string[] {
  const lacks: string[] = []
  if (symbol.getDocumentationComment(checker) === '') lacks.push(`${name}: a docblock`)
  if (isExampleDue && !symbol.getJsDocTags(checker).some((tag) => tag.name === 'example')) {
    lacks.push(`${name}: an @example`)
  }
  return lacks
}

/** Functions and classes, and constants that hold a function. */
function isCalled(checker: Checker, symbol: Named): boolean {
  if (symbol.flags & (SymbolFlags.Function | SymbolFlags.Class)) return true
  const type = symbol.flags & SymbolFlags.Variable ? checker.getTypeOfSymbol(symbol) : undefined
  return type !== undefined && checker.getSignaturesOfType(type, 0).length > 0
}

/** A class speaks for its constructor; a name with `#` is private. */
function isPublic({ name, flags }: Named): boolean {
  const unsaid = SymbolFlags.Constructor | SymbolFlags.Prototype | SymbolFlags.TypeParameter
  return !name.includes('#') && !(flags & unsaid)
}
