/**
 * What is done to a version beside the live one: a switch to it, a rest, its end.
 */
import { checkList, checkName, checkOptions, checkWhole } from '../../core/checks.ts'
import { BadQuestion } from '../reply.ts'
import type { Body, Question } from '../router.ts'
import type { ActView } from '../views.ts'
import { besideIn, outputsOf, switchTo } from './replays.ts'

/**
 * `{ number, outputs?, reset? }`: the number is that of the plan which was agreed to. Without `outputs` the way back to
 * one that was live.
 *
 * @throws MillraceError as `log.admin.switchVersion`: `switch_refused` when there was another switch meanwhile
 */
export async function makeLive(question: Question, body: Body): Promise<ActView> {
  const given = checkOptions('a switch', body, ['number', 'outputs', 'reset'])
  const outputs = outputsOf(given['outputs'])
  const reset = checkList('reset', (given['reset'] ?? []) as readonly string[]).map((id) => checkName('reset', id))
  const { id, version } = await besideIn(question)
  if (outputs === undefined && !version.wasLive) throw new BadQuestion('say what becomes of the topics: outputs')
  const number = checkWhole('number', given['number'] as number, 1)
  const done = await switchTo(question, id, outputs, { reset, number })
  return { did: `${done.to} of ${id.applicationId} is the live version, and ${done.from} is kept beside it.` }
}

/** @throws MillraceError as `log.admin.pauseVersion` */
export async function pause(question: Question): Promise<ActView> {
  const { applicationId, version } = (await besideIn(question)).id
  await question.log.admin.pauseVersion(applicationId, version)
  return { did: `${version} of ${applicationId} is paused until it is resumed.` }
}

/** @throws MillraceError as `log.admin.resumeVersion` */
export async function resume(question: Question): Promise<ActView> {
  const { applicationId, version } = (await besideIn(question)).id
  await question.log.admin.resumeVersion(applicationId, version)
  return { did: `${version} of ${applicationId} goes on.` }
}

/** @throws MillraceError as `log.admin.deleteVersion` */
export async function drop(question: Question): Promise<ActView> {
  const { applicationId, version } = (await besideIn(question)).id
  await question.log.admin.deleteVersion(applicationId, version)
  return { did: `${version} of ${applicationId} is deleted.` }
}
