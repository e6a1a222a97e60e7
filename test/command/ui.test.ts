// What `millrace ui` prints of the token that changes take.
import { expect, test } from 'vitest'
import { runInProcess } from '../support/command.ts'
import { commandWorld } from '../support/command-world.ts'

async function printed(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<object> {
  const { data } = await commandWorld()
  const { stdout } = await runInProcess(['ui', '--port', '0', '--json', ...argv], {
    env: { MILLRACE_DIR: data, ...env },
    endsWhenPrinted: true,
  })
  return JSON.parse(stdout) as object
}

test('a page that may change things has a token, which is made and printed as a link where none is given', async () => {
  const made = await printed(['--allow-changes'])
  expect(made).toMatchObject({
    signIn: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32}$/) as string,
  })
  expect(await printed(['--allow-changes'])).not.toMatchObject({ signIn: Reflect.get(made, 'signIn') as string })
})

test('a token that is given is not printed, and one that only reads needs none', async () => {
  const token = 'a-token-of-24-characters'
  for (const given of [
    await printed(['--allow-changes', '--token', token]),
    await printed(['--allow-changes'], { MILLRACE_TOKEN: token }),
    await printed([]),
  ]) {
    expect(Object.keys(given)).toEqual(['url', 'port'])
  }
})
