/**
 * `millrace demo clicks`: clicks are counted by a process that is killed with SIGKILL, and no click is lost or doubled.
 */
import type { ClicksResult } from '../demo/clicks-demo.ts'
import { ctrlC, listenToKeys } from '../demo/keys.ts'
import { number, telling, unlessStopped } from '../demo/telling.ts'
import { workplace, workplaceOptions } from '../demo/workplace.ts'
import { CommandFailed } from '../exit-codes.ts'
import { asText, value, valueOr } from '../options.ts'
import { duration, whole } from '../read-values.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'Puts requests to a web server into a log, while another process counts clicks per page and minute. A click ' +
    'is a GET that was answered with 200. On a terminal, k kills that process with kill -9, as often as you like, ' +
    'and q quits; elsewhere it is killed three times. At the end, the counts are compared with those of a loop ' +
    'over the input. Takes half a minute; ends with 1 if they differ.',
  options: {
    file: value('-f, --file <path>', 'an access log in Common or Combined Log Format (default: a made-up one)', asText),
    count: valueOr(
      '-n, --count <number>',
      'how many requests, or at most how many lines of the file',
      whole(10),
      '20000',
    ),
    for: valueOr('--for <duration>', 'how long they take to come in, on a terminal', duration, '20s'),
    ...workplaceOptions,
  },
  json: 'One object at the end: `requests`, `clicks`, `malformed`, `kills`, `counts`, `lost`, `doubled`, `strays`.',
  examples: [
    { does: 'Press k on a terminal', line: 'millrace demo clicks' },
    {
      does: 'With your own access log',
      line: `millrace demo clicks --file ./access.log --json | jq -c '[.requests, .lost, .doubled]'`,
    },
  ],
  async run({ file, count, for: forMs, dir, keep }, context) {
    const [{ madeUp, readAccessLog }, { ClicksDemo, killed }, { ClicksWorker }] = await Promise.all([
      import('../demo/requests.ts'),
      import('../demo/clicks-demo.ts'),
      import('../demo/clicks-worker.ts'),
    ])
    const { out, isJson, self } = context
    const tell = telling(context)
    const { records, malformed } = file === undefined ? madeUp(count) : await readAccessLog(file, count)
    using place = workplace({ dir, keep })
    await using log = await context.openLog('create', place.log)
    const quit = new AbortController()
    const signal = AbortSignal.any([context.signal, quit.signal])
    const isWatched = out.isTerminal && !isJson && context.stdin().isTTY === true
    await tell(
      'Clicks per page and minute, while the process that counts them is killed.',
      '',
      `${number(records.length)} requests go into a log. Another process reads them and counts those that are clicks.`,
      'Its position, its counts and what it writes are one transaction: kill -9 at any moment should lose nothing.',
      ...(isWatched
        ? [
            'Press k to kill it, as often as you like, or q to quit.',
            `In another terminal, this shows it as a live page: npx millrace ui --dir ${place.log}`,
          ]
        : ['It is killed three times.']),
      '',
    )
    const surroundings = { clock: context.clock, signal, show: context.progress }
    await ClicksDemo.prepare(log)
    await using worker = new ClicksWorker([...self, '__count-clicks', '--dir', place.log])
    await using demo = new ClicksDemo(log, worker, records, surroundings)
    const act = (key: string): void => {
      if (key === 'k') void worker.killAndRestart()
      if (key === 'q' || key === ctrlC) quit.abort()
    }
    using _ = isWatched ? listenToKeys(context.stdin(), act) : undefined
    await unlessStopped(context, signal, async () => {
      if (isWatched) await demo.feedSlowly(forMs)
      else await demo.feedAndKill((percent) => tell(`kill -9 past ${percent}% of the clicks, and started again`))
      const result = { ...(await demo.end()), malformed }
      if (isJson) await out.facts(result, [])
      else
        await tell(
          ...outcome(result, killed(result.kills)),
          ...(keep ? [`kept: millrace ui --dir ${place.log} shows it`] : []),
        )
      if (!isRight(result)) throw new CommandFailed('the counts do not match the input')
    })
  },
})

function isRight({ lost, doubled, strays }: ClicksResult): boolean {
  return lost + doubled + strays === 0
}

function outcome(result: ClicksResult & { readonly malformed: number }, wasKilled: string): string[] {
  const { requests, malformed, clicks, counts, lost, doubled, strays } = result
  const others = malformed === 0 ? '' : `, and ${number(malformed)} lines are not in an access log format`
  const updates = strays === 0 ? 'each one more than the last' : `${number(strays)} of them not one more than the last`
  return [
    '',
    `${number(clicks)} of ${number(requests)} requests are clicks${others}.`,
    `They make ${number(counts)} counts, one for each page and minute, and ${number(clicks)} updates, ${updates}.`,
    `The process was ${wasKilled}. Compared with a loop over the input:`,
    `${number(lost)} lost, ${number(doubled)} doubled`,
  ]
}
