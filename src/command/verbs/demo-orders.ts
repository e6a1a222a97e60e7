/**
 * `millrace demo orders`: orders are joined with their payments and their customers, and payments come late.
 */
import { showClaims } from '../demo/claims.ts'
import { number, telling, unlessStopped } from '../demo/telling.ts'
import { workplace, workplaceOptions } from '../demo/workplace.ts'
import { valueOr } from '../options.ts'
import { whole } from '../read-values.ts'
import { declareVerb, type Verb, type VerbContext } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'Orders wait ten minutes for their payments: a windowed join of two streams. Each settled order gets the name ' +
    'of its customer: a join with a table. Some payments come too late, and some customers are unknown. At the ' +
    'end, each figure stands beside the same figure counted by hand. Takes a few seconds; ends with 1 if one ' +
    'differs.',
  options: { count: valueOr('-n, --count <number>', 'how many orders', whole(1), '5000'), ...workplaceOptions },
  json: 'One object for each figure: `claim`, `counted`, `byHand`, `holds`.',
  examples: [
    { does: 'What becomes of the orders', line: 'millrace demo orders' },
    {
      does: 'How many payments were too late',
      line: `millrace demo orders -n 500 --json | jq 'select(.claim | test("late")).counted'`,
    },
  ],
  run: (given, context) => unlessStopped(context, context.signal, () => settle(given, context)),
})

async function settle(
  { count, dir, keep }: { readonly count: number; readonly dir: string | undefined; readonly keep: boolean },
  context: VerbContext,
): Promise<void> {
  const [{ startStreams }, story] = await Promise.all([
    import('../../runtime/start-streams.ts'),
    import('../demo/orders.ts'),
  ])
  const tell = telling(context)
  const input = story.madeUpOrders(count)
  using place = workplace({ dir, keep })
  await using log = await context.openLog('create', place.log)
  await tell(
    'Orders, their payments and their customers: three topics, two joins.',
    '',
    `${number(input.orders.length)} orders wait ten minutes for their payment, by event time. Some payments are sent half`,
    'an hour after they were made: they come late, and are dropped and counted.',
  )
  const producer = log.producer()
  await producer.sendMany(story.customers, input.customers)
  await producer.sendMany(story.orders, input.orders)
  await producer.sendMany(story.payments, input.payments)
  await tell(
    `${number(input.payments.length)} payments are in the log, in the order they came in. Now the application starts.`,
    '',
  )
  await using app = await startStreams(story.settledOrders(), {
    log,
    applicationId: 'orders',
    signal: context.signal,
  })
  await app.caughtUp()
  let [paid, unpaid] = [0, 0]
  for await (const { value } of log.read(story.settled)) {
    if (value.isPaid) paid++
    else unpaid++
  }
  const paidBy = [...app.store(story.revenue).range()]
  if (!context.isJson) {
    await context.out.rows(
      paidBy.toSorted((a, b) => b.value - a.value),
      [
        { head: 'CUSTOMER', of: ({ key }) => key },
        { head: 'PAID', of: ({ value }) => (value / 100).toFixed(2) },
      ],
    )
  }
  await tell('')
  const { expected } = input
  await showClaims(context, [
    { claim: 'orders paid in time', counted: paid, byHand: expected.paid },
    { claim: 'orders not paid', counted: unpaid, byHand: expected.unpaid },
    { claim: 'late payments, dropped', counted: app.metrics().dropped['pay']?.['late'] ?? 0, byHand: expected.late },
    {
      claim: 'orders of unknown customers, not settled',
      counted: input.orders.length - paid - unpaid,
      byHand: expected.strangers,
    },
    { claim: 'cents paid', counted: paidBy.reduce((sum, { value }) => sum + value, 0), byHand: expected.paidCents },
  ])
  if (keep) await tell('', `kept: millrace ui --dir ${place.log} shows it`)
}
