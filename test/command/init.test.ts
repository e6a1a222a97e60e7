// `millrace init`: what it makes, what is in its way, and what it calls the project.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { projectName, projectNameOf } from '../../src/command/project/project-name.ts'
import { runInProcess } from '../support/command.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const filesOfProject = [
  '.gitignore',
  'README.md',
  'package.json',
  'src',
  join('src', 'topology.test.ts'),
  join('src', 'topology.ts'),
  'tsconfig.json',
]

const filesIn = (dir: string): string[] => readdirSync(dir, { recursive: true, encoding: 'utf8' }).toSorted()

interface PackageJson {
  readonly name: string
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const packageJson = (dir: string): PackageJson =>
  JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as PackageJson

const own = packageJson(join(import.meta.dirname, '../..'))

test('it makes a directory with a project that depends on this version, and says what is next', async () => {
  const dir = join(temporaryDirectory(), 'deep', 'Click Counts')
  const { code, stdout, stderr } = await runInProcess(['init', dir])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(filesIn(dir)).toEqual(filesOfProject)
  const { name, dependencies, devDependencies } = packageJson(dir)
  expect(name).toBe('click-counts')
  expect(dependencies).toEqual({ millrace: `^${own.version}` })
  expect(Object.keys(devDependencies)).toEqual(['@types/node', 'tsx', 'typescript'])
  for (const [tool, version] of Object.entries(devDependencies)) expect(version).toBe(own.devDependencies[tool])
  expect(readFileSync(join(dir, '.gitignore'), 'utf8').split('\n')).toContain('data/')
  expect(readFileSync(join(dir, 'README.md'), 'utf8')).toMatch(/^# click-counts\n/)
  const steps = ['npm install', 'npm test', 'npx millrace run src/topology.ts']
  expect(stdout).toContain(['next:', `  cd '${dir}'`, ...steps.map((step) => `  ${step}`), ''].join('\n'))
})

test('. is the directory that one is in, also with a .git', async () => {
  const dir = join(temporaryDirectory(), 'here')
  mkdirSync(join(dir, '.git'), { recursive: true })
  const cwd = process.cwd()
  onTestFinished(() => process.chdir(cwd))
  process.chdir(dir)
  const { code, stdout } = await runInProcess(['init', '.'])
  expect(code).toBe(0)
  expect(stdout).not.toContain('cd ')
  expect(packageJson(dir).name).toBe('here')
})

test('what is in the way is named, and nothing is written', async () => {
  const dir = temporaryDirectory()
  for (const name of ['.git', '.env', 'b\u{1b}[2J', 'c', 'd', 'e', 'f', 'g']) writeFileSync(join(dir, name), 'mine')
  const before = filesIn(dir)
  const ran = await runInProcess(['init', dir])
  expect(ran).toMatchObject({ code: 1, stdout: '' })
  expect(ran.stderr).toContain(`is not empty: it has ".env", "b\\u001b[2J", "c", "d", "e" and 2 more; name a directory`)
  expect(filesIn(dir)).toEqual(before)
  const file = await runInProcess(['init', join(dir, 'c')])
  expect(file).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot make a project in') as string })
  const below = await runInProcess(['init', join(dir, 'c', 'x')])
  expect(below).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot make a project in') as string })
  expect(readFileSync(join(dir, 'c'), 'utf8')).toBe('mine')
})

test('--millrace says which millrace it depends on: a path as seen from the project, or whatever npm takes', async () => {
  const parent = temporaryDirectory()
  const tarball = join(parent, 'millrace-9.tgz')
  writeFileSync(tarball, '')
  const dependsOn = async (spec: string): Promise<string | undefined> => {
    const dir = mkdtempSync(join(parent, 'project-'))
    const { code } = await runInProcess(['init', dir, '--millrace', spec])
    return code === 0 ? packageJson(dir).dependencies['millrace'] : undefined
  }
  expect(await dependsOn(tarball)).toBe('file:../millrace-9.tgz')
  expect(await dependsOn(parent)).toBe('file:..')
  for (const spec of ['0.2.0', 'next', 'https://registry.example/millrace.tgz', 'github:acme/millrace']) {
    expect(await dependsOn(spec)).toBe(spec)
  }
  const missing = await runInProcess(['init', join(parent, 'x'), '--millrace', './missing.tgz'])
  expect(missing).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('there is no file "./missing.tgz"') as string,
  })
  expect((await runInProcess(['init', join(parent, 'x'), '--millrace', ' '])).code).toBe(2)
  expect(existsSync(join(parent, 'x'))).toBe(false)
})

test.each([
  ['Click Counts', 'click-counts'],
  ['Über_App.v2', 'uber_app.v2'],
  ['.hidden', 'hidden'],
  ['日本', 'millrace-app'],
  ['millrace', 'millrace-app'],
  ['tsx', 'tsx-app'],
  ['fs', 'fs-app'],
  ['node_modules', 'node_modules-app'],
])('a directory %j makes the name %j', (directory, name) => {
  expect(projectNameOf(join('/somewhere', directory))).toBe(name)
})

test('any directory makes a name that npm takes, and so does --name or it is refused', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (directory) => {
      expect(projectName(projectNameOf(`/${directory}`))).toBe(projectNameOf(`/${directory}`))
    }),
  )
  expect(projectName('@acme/clicks')).toBe('@acme/clicks')
  const dir = join(temporaryDirectory(), 'x')
  for (const name of ['Clicks', 'a b', '../x', '.x', 'millrace', '@acme', 'x'.repeat(215), '']) {
    const refused = await runInProcess(['init', dir, '--name', name])
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Expected the name of a package') as string,
    })
  }
  expect(existsSync(dir)).toBe(false)
  await runInProcess(['init', dir, '--name', '@acme/clicks'])
  expect(packageJson(dir).name).toBe('@acme/clicks')
})
