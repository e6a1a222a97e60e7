/**
 * All addresses that answer with what is in the log; every other one is the page, or a file of it.
 */
import { beginLive } from '../live.ts'
import type { Route } from '../router.ts'
import { changes } from './changes.ts'
import { fullLetter, letters, reasons } from './dead-letters.ts'
import { groupDetail } from './groups.ts'
import { alive, metrics, ready } from './metrics.ts'
import { application, overview } from './overview.ts'
import { fullRecord, records } from './records.ts'
import { drop, makeLive, pause, resume } from './replay-acts.ts'
import { comparison, dropPlan, followComparison, switchPlan, versionsOf } from './replays.ts'
import { sendLetters } from './send-letters.ts'
import { rowsOf, storesOf } from './stores.ts'
import { beginTail } from './tail.ts'
import { topicDetail } from './topics.ts'

export const routes: readonly Route[] = [
  { kind: 'json', path: '/api/overview', answer: overview },
  { kind: 'events', path: '/api/live', begin: beginLive },
  { kind: 'json', path: '/api/applications/:application/:version', answer: application },
  { kind: 'json', path: '/api/applications/:application/:version/stores', answer: storesOf },
  { kind: 'json', path: '/api/stores/:application/:store', answer: rowsOf },
  { kind: 'json', path: '/api/topics/:topic', answer: topicDetail },
  { kind: 'json', path: '/api/topics/:topic/records', answer: records },
  { kind: 'events', path: '/api/topics/:topic/tail', begin: beginTail },
  { kind: 'json', path: '/api/topics/:topic/records/:partition/:offset', answer: fullRecord },
  { kind: 'json', path: '/api/groups/:group', answer: groupDetail },
  { kind: 'json', path: '/api/replays/:application', answer: versionsOf },
  { kind: 'json', path: '/api/replays/:application/:version/comparison', answer: comparison },
  { kind: 'events', path: '/api/replays/:application/:version/comparison/live', begin: followComparison },
  { kind: 'shared', path: '/api/replays/:application/:version/plans/switch', answer: switchPlan },
  { kind: 'shared', path: '/api/replays/:application/:version/plans/drop', answer: dropPlan },
  { kind: 'act', path: '/api/replays/:application/:version/switch', act: makeLive },
  { kind: 'act', path: '/api/replays/:application/:version/pause', act: pause },
  { kind: 'act', path: '/api/replays/:application/:version/resume', act: resume },
  { kind: 'act', path: '/api/replays/:application/:version/drop', act: drop },
  { kind: 'text', path: '/metrics', answer: metrics },
  { kind: 'probe', path: '/healthz', answer: alive },
  { kind: 'probe', path: '/readyz', answer: ready },
  { kind: 'json', path: '/api/changes', answer: changes },
  { kind: 'json', path: '/api/dead-letters/:application/letters', answer: letters },
  { kind: 'json', path: '/api/dead-letters/:application/letters/:partition/:offset', answer: fullLetter },
  { kind: 'json', path: '/api/dead-letters/:application/reasons', answer: reasons },
  { kind: 'act', path: '/api/dead-letters/:application/send', act: sendLetters },
]
