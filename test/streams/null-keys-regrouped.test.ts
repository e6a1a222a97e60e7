// A regrouping drops records with a null key, unless something after it, however far, has a use for them.
import { JoinWindows, nullable, type KStream, string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { briefly, drive, input, output } from '../support/topology.ts'

type Text = string | null
const keyless = topic('keyless', { key: nullable(string()), value: string() })
const regrouped = topic('regrouped', { key: nullable(string()), value: string() })
const window = JoinWindows.of({ difference: 10 })
const beside = (left: string | null, right: string | null): string => `${left}+${right}`

/** What comes out of a regrouping that is followed by this. */
function after(follow: (stream: KStream<Text, string, 'both'>, other: KStream<string, string, 'both'>) => unknown) {
  const driver = drive((builder) => {
    const stream = builder.stream(keyless).repartition()
    stream.to(regrouped)
    follow(stream, builder.stream(input))
  })
  for (const key of [null, 'a']) driver.inputTopic(keyless).pipeInput({ key, value: 'x', timestamp: 0 })
  const rows = briefly(driver.outputTopic(regrouped).readRecords())
  return { rows, dropped: Object.values(driver.metrics().dropped) }
}

describe('a regrouping, and records with a null key', () => {
  test('it keeps them before a left join', () => {
    expect(after((stream, other) => stream.leftJoin(other.toTable(), beside))).toEqual({
      rows: ['null=x@0', 'a=x@0'],
      dropped: [],
    })
  })

  test('it keeps them before a left join with a global table', () => {
    const names = topic('names', { key: string(), value: string() })
    const driver = drive((builder) => {
      const stream = builder.stream(keyless).repartition()
      stream.to(regrouped)
      stream.leftJoin(builder.globalTable(names), beside, { tableKey: ({ value }) => value })
    })
    driver.inputTopic(keyless).pipeInput({ key: null, value: 'x', timestamp: 0 })
    expect(briefly(driver.outputTopic(regrouped).readRecords())).toEqual(['null=x@0'])
  })

  test('it keeps them before an outer join, also behind other verbs and regroupings', () => {
    const { rows } = after((stream, other) =>
      stream
        .selectKey(({ key }) => key)
        .repartition({ key: string() })
        .filter(() => true)
        .outerJoin(other, beside, { window }),
    )
    expect(rows).toEqual(['null=x@0', 'a=x@0'])
  })

  test('before an inner join, and where nothing follows, it drops and counts them', () => {
    for (const follow of [
      (): void => undefined,
      (stream: KStream<Text, string, 'both'>, other: KStream<string, string, 'both'>) =>
        stream.join(other, beside, { window }),
    ]) {
      expect(after(follow)).toEqual({ rows: ['a=x@0'], dropped: [{ null_key: 1 }] })
    }
  })

  test('the join gets them', () => {
    const driver = drive((builder) => {
      const table = builder.table(input)
      builder
        .stream(keyless)
        .repartition()
        .leftJoin(table, beside)
        .map(({ key, value }) => ({ key: String(key), value }))
        .to(output)
    })
    for (const key of [null, 'a']) driver.inputTopic(keyless).pipeInput({ key, value: 'x', timestamp: 0 })
    expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['null=x+null@0', 'a=x+null@0'])
  })
})
