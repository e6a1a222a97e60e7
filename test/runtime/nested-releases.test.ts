// Rows that leave in the turn of a record may make others leave further on; wherever that fails, the record is kept.
import { seconds } from 'millrace'
import { describe, expect, test } from 'vitest'
import { briefly, drive, input, output } from '../support/topology.ts'

describe('what fails after rows that let go of further rows', () => {
  test.each(['skip', 'deadLetter'] as const)('fails alone, with onError %s', (onError) => {
    const driver = drive(
      (builder) =>
        builder
          .stream(input)
          .toTable()
          .suppress({ untilTimeLimit: seconds(1), name: 'first' })
          .filter(({ value }) => {
            if (value === 'bad') throw new Error('bad')
            return true
          })
          .suppress({ untilTimeLimit: 0, name: 'second' })
          .toStream({ deletes: 'drop' })
          .to(output),
      { onError },
    )
    const feed = (key: string, value: string, timestamp: number): void =>
      driver.inputTopic(input).pipeInput({ key, value, timestamp })
    feed('a', 'good', 0)
    feed('b', 'bad', 0)
    feed('c', 'good', 0)
    feed('d', 'kept', 1_000)
    feed('e', 'kept', 1_500)
    driver.crash()
    feed('f', 'last', 2_500)
    expect(briefly(driver.outputTopic(output).readRecords())).toEqual([
      'a=good@0',
      'c=good@0',
      'd=kept@1000',
      'e=kept@1500',
    ])
    expect(Object.values(driver.metrics().failed)).toEqual([{ user_function_threw: 1 }])
  })
})
