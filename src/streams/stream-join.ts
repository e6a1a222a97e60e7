/**
 * join, leftJoin and outerJoin of two streams: the nodes that they add, and how long each side is kept.
 */
import { checkName, checkOptions, isInstance } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import type { Codec } from '../core/serde.ts'
import { graceFact } from '../core/stored-plan.ts'
import type { TopicFor } from '../core/topic.ts'
import { sumMs } from '../core/units.ts'
import { JoinWindows } from '../core/windows/join-windows.ts'
import { segmentLayout } from '../plan/store-layout.ts'
import type { StoreSpec } from '../plan/store.ts'
import { type JoinVerb, joinKeyCodec, regrouped } from './join-keys.ts'
import { type JoinSide, lateAfterMs, latePortOf } from './join-side.ts'
import { lateTopic, writeLate } from './late.ts'
import { requireCodec, type StreamParts } from './parts.ts'
import { type Joiner, joiningStreams } from './stream-join-operator.ts'

/** The options, whatever the types of the sides. */
interface Options {
  readonly window?: JoinWindows | undefined
  readonly key?: object | undefined
  readonly value?: object | undefined
  readonly otherValue?: object | undefined
  readonly late?: LateTopics | undefined
  readonly name?: string | undefined
}

interface LateTopics {
  readonly left?: TopicFor<never, never> | undefined
  readonly right?: TopicFor<never, never> | undefined
}

/** Checks everything before it adds a node, so that a refused call changes nothing. */
export function joinOfStreams(
  verb: JoinVerb,
  left: StreamParts,
  right: StreamParts,
  joiner: Joiner,
  options: object,
): StreamParts {
  const known = ['window', 'key', 'value', 'otherValue', 'late', 'name']
  // Kafka Streams takes the windows in this place: the answer names where they go here.
  const given = isInstance(options, JoinWindows) ? {} : options
  const { window, key, value, otherValue, late, name }: Options = checkOptions(verb, given, known)
  if (name !== undefined) checkName('the name of an operator', name)
  if (!isInstance(window, JoinWindows)) {
    throw new MillraceError(
      'bad_option',
      `${verb} of two streams takes a window such as { window: JoinWindows.of({ difference: seconds(30) }) }`,
    )
  }
  const keyCodec = joinKeyCodec(verb, key, left, right)
  const leftCodec = requireCodec(verb, 'value', value, left.valueCodec)
  const rightCodec = requireCodec(verb, 'otherValue', otherValue, right.valueCodec)
  const lateTopics = late === undefined ? {} : checkOptions(`the option "late" of ${verb}`, late, ['left', 'right'])
  const lateLeft = lateTopic(verb, lateTopics.left, left)
  const lateRight = lateTopic(verb, lateTopics.right, right)

  const { faces, plan } = left
  const leftNode = regrouped(verb, name && `${name}-left`, left, keyCodec, leftCodec)
  // A stream that is joined with itself is regrouped once.
  const isSelfJoin = left.node === right.node && left.rekeyed && leftCodec === rightCodec
  const rightNode = isSelfJoin ? leftNode : regrouped(verb, name && `${name}-right`, right, keyCodec, rightCodec)
  const node = plan.stateful(verb, [leftNode, rightNode], name, (id) => {
    const [atLeft, atRight] = sidesOf(id, verb, window, keyCodec, leftCodec, rightCodec)
    return {
      stores: [atLeft.buffer, atRight.buffer],
      operator: joiningStreams(atLeft, atRight, window.graceMs, joiner),
      takesNullKeys: verb !== 'join',
      facts: { before: window.beforeMs, after: window.afterMs, [graceFact]: window.graceMs },
    }
  })
  writeLate(plan, node, lateLeft, latePortOf({ name: 'left' }))
  writeLate(plan, node, lateRight, latePortOf({ name: 'right' }))
  return {
    faces,
    plan,
    node,
    keyCodec,
    valueCodec: undefined,
    untouchedKeys: [...new Set([...left.untouchedKeys, ...right.untouchedKeys])],
    rekeyed: false,
    newest: false,
  }
}

function sidesOf(
  id: string,
  verb: JoinVerb,
  { beforeMs, afterMs, graceMs }: JoinWindows,
  keyCodec: Codec<unknown>,
  leftCodec: Codec<unknown>,
  rightCodec: Codec<unknown>,
): readonly [JoinSide, JoinSide] {
  const sideOf = (
    name: 'left' | 'right',
    before: number,
    after: number,
    comesAlone: boolean,
    valueCodec: Codec<unknown>,
  ): JoinSide => ({
    name,
    // A row matters until every record that may match it is late: a partner lies up to `after` after it.
    buffer: buffer(`${id}.${name}`, keyCodec, valueCodec, sumMs(after, lateAfterMs(before, graceMs)), comesAlone),
    beforeMs: before,
    afterMs: after,
    comesAlone,
  })
  return [
    sideOf('left', beforeMs, afterMs, verb !== 'join', leftCodec),
    sideOf('right', afterMs, beforeMs, verb === 'outerJoin', rightCodec),
  ]
}

function buffer(
  name: string,
  keyCodec: Codec<unknown>,
  valueCodec: Codec<unknown>,
  keptMs: number,
  hasDueTimes: boolean,
): StoreSpec {
  return Object.freeze({
    kind: 'buffer',
    name,
    keyCodec,
    valueCodec,
    // A row has expired when stream time has passed it by the retention: one more, because bounds are inclusive.
    layout: segmentLayout(sumMs(keptMs, 1), { isNumbered: true, hasDueTimes }),
    form: undefined,
    facts: {},
  })
}
