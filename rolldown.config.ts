/**
 * The second half of `npm run build`: what tsc has compiled file by file becomes one file for each layer, so that a
 * command starts in half the time (decision 0032). Every module keeps its path, as a line that names what it exports:
 * the package and the command import the same instance of everything.
 *
 * The command itself stays as it is. Its files are loaded one by one, as they are needed, and know where they are.
 */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig, type Plugin, type RolldownOptions } from 'rolldown'

/** What shares a file, the lowest first; `streams` is what needs RxJS. */
const layers: Readonly<Record<string, readonly string[]>> = {
  core: ['core'],
  log: ['storage', 'log'],
  streams: ['plan', 'state', 'streams', 'runtime', 'replay'],
}

const folders = [...Object.values(layers).flat(), 'testing']
const modules = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => path === 'index.ts' || (path.endsWith('.ts') && folders.includes(path.split('/', 1)[0] as string)))
  .map((path) => path.slice(0, -'.ts'.length))

/** The map that tsc wrote beside a file that is only a line of names now says nothing. */
const staleMaps: Plugin = {
  name: 'stale maps',
  writeBundle({ dir = 'dist' }, written) {
    for (const path of Object.keys(written)) {
      if (path.endsWith('.js') && !(`${path}.map` in written)) rmSync(join(dir, `${path}.map`), { force: true })
    }
  },
}

const config: RolldownOptions = defineConfig({
  input: Object.fromEntries(modules.map((path) => [path, `src/${path}.ts`])),
  platform: 'node',
  external: /^[^./]/,
  tsconfig: 'src/tsconfig.json',
  // What a module does when it is loaded stays, whether or not anything of it is used.
  treeshake: false,
  transform: { target: 'node20' },
  plugins: [staleMaps],
  logLevel: 'warn',
  output: {
    dir: 'dist',
    format: 'esm',
    sourcemap: true,
    sourcemapExcludeSources: true, // the package brings them
    polyfillRequire: false,
    minifyInternalExports: false,
    entryFileNames: '[name].js',
    chunkFileNames: 'layers/[name].js',
    codeSplitting: {
      groups: Object.entries(layers).map(([name, parts]) => ({ name, test: new RegExp(`src/(${parts.join('|')})/`) })),
    },
  },
})

export default config
