/**
 * Decides what becomes of the effects of a topology when it reads old records again.
 */
import { MillraceError } from '../core/errors.ts'
import { shown } from '../core/shown.ts'
import type { OperatorNode, PlanNode } from '../plan/node.ts'
import type { OperatorFactory } from '../plan/operator.ts'
import type { Topology } from '../plan/topology.ts'
import { withNodes } from '../plan/with-nodes.ts'
import type { EffectPlace, Effects } from './face.ts'

/** @throws MillraceError `effects_undecided`, `bad_option` */
export function decideEffects(topology: Topology, effects: Effects | undefined): Topology {
  const decide = operatorFor(effects)
  const having = topology.nodes.filter(hasEffect)
  if (effects === undefined && having.length > 0) {
    const list = having.map(({ verb, id }) => `${verb} "${id}"`).join(', ')
    throw new MillraceError(
      'effects_undecided',
      `the topology changes something outside the log: ${list}. Say what a replay of old records does with that: ` +
        "effects: 'run', 'skip', or a function of the record that answers instead",
    )
  }
  if (effects === 'run' || having.length === 0) return topology
  return withNodes(topology, (node) => (hasEffect(node) ? { ...node, operator: decide(node) } : node))
}

type EffectNode = OperatorNode & { readonly effect: NonNullable<OperatorNode['effect']> }

function hasEffect(node: PlanNode): node is EffectNode {
  return node.kind === 'operator' && node.effect !== undefined
}

function operatorFor(effects: Effects | undefined): (node: EffectNode) => OperatorFactory {
  if (typeof effects === 'function') {
    return ({ id, verb, effect }) => {
      const place: EffectPlace = Object.freeze({ operator: id, verb: verb as EffectPlace['verb'] })
      return effect.answeredBy((record) => effects(record, place))
    }
  }
  if (effects === undefined || effects === 'run' || effects === 'skip') return ({ effect }) => effect.skipped
  throw new MillraceError('bad_option', `effects is ${shown(effects)}; expected 'run', 'skip' or a function`)
}
