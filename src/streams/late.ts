/**
 * Late records: counted for each window that was closed; those that no window took go to the topic that the verb was
 * given for them, as `to` would write them, or nowhere.
 */
import type { TopicFor } from '../core/topic.ts'
import type { Carrier } from '../plan/carrier.ts'
import type { OperatorNode, SourceTopic } from '../plan/node.ts'
import type { OperatorContext } from '../plan/operator.ts'
import type { PlanBuilder } from '../plan/plan-builder.ts'
import type { KeyedParts } from './parts.ts'
import { sinkTopic } from './sink-topic.ts'

const port = 'late'

/** @param windows how many were closed; others may have taken the record */
export function dropLate(context: OperatorContext, carrier: Carrier, windows: number, isTaken: boolean): void {
  for (let others = isTaken ? windows : windows - 1; others > 0; others--) context.count('late')
  if (!isTaken) context.drop('late', carrier, port)
}

/** The topic that a verb was given for late records. */
export function lateTopic(
  verb: string,
  given: TopicFor<never, never> | undefined,
  parts: Pick<KeyedParts, 'untouchedKeys'>,
): SourceTopic | undefined {
  return given === undefined ? undefined : sinkTopic(`${verb} with { late }`, given, parts)
}

/** Leads the late records of an operator to their topic, by the port that it gives them to. */
export function writeLate(
  plan: PlanBuilder,
  node: OperatorNode,
  topic: SourceTopic | undefined,
  from: string = port,
): void {
  if (topic !== undefined) plan.sink(plan.port(node.verb, node, from), topic, undefined)
}
