/**
 * All verbs, in the order of the help: a line each. Each file is loaded when its verb is run.
 */
import type { VerbEntry } from './verb.ts'

const entry = (name: string, summary: string, load: VerbEntry['load']): VerbEntry => ({ name, summary, load })

export const verbs: readonly VerbEntry[] = [
  entry('init', 'Makes a project to start from', () => import('./verbs/init.ts')),
  entry('run', 'Runs the topology of a script', () => import('./verbs/run.ts')),
  entry('describe', 'Shows the topology of a script', () => import('./verbs/describe.ts')),
  entry('demo clicks', 'Kills a process that counts, as often as you like', () => import('./verbs/demo-clicks.ts')),
  entry('demo orders', 'Joins orders with payments that come late', () => import('./verbs/demo-orders.ts')),
  entry('demo replay', 'Counts a day again, and switches to it and back', () => import('./verbs/demo-replay.ts')),
  entry('topic list', 'Lists the topics', () => import('./verbs/topic-list.ts')),
  entry('topic describe', 'Shows a topic: settings and partitions', () => import('./verbs/topic-describe.ts')),
  entry('topic create', 'Creates a topic', () => import('./verbs/topic-create.ts')),
  entry('topic alter', 'Changes settings of a topic', () => import('./verbs/topic-alter.ts')),
  entry('topic add-partitions', 'Gives a topic more partitions', () => import('./verbs/topic-add-partitions.ts')),
  entry('topic delete', 'Deletes topics with their records', () => import('./verbs/topic-delete.ts')),
  entry('topic trim', 'Deletes the oldest records of a topic', () => import('./verbs/topic-trim.ts')),
  entry('produce', 'Sends the lines of standard input as records', () => import('./verbs/produce.ts')),
  entry('consume', 'Prints records, those that are there and those that come', () => import('./verbs/consume.ts')),
  entry('group list', 'Lists consumer groups and applications', () => import('./verbs/group-list.ts')),
  entry('group describe', 'Shows where a group is, and its members', () => import('./verbs/group-describe.ts')),
  entry('group lag', 'Shows how far a group lags', () => import('./verbs/group-lag.ts')),
  entry('group reset-offsets', 'Moves the positions of a group', () => import('./verbs/group-reset-offsets.ts')),
  entry('group delete', 'Deletes groups with their positions', () => import('./verbs/group-delete.ts')),
  entry('app list', 'Lists the applications', () => import('./verbs/app-list.ts')),
  entry('app describe', 'Shows an application: positions, stores, counts', () => import('./verbs/app-describe.ts')),
  entry('app reset', 'Makes an application start over', () => import('./verbs/app-reset.ts')),
  entry('app delete', 'Deletes an application with its state', () => import('./verbs/app-delete.ts')),
  entry(
    'app drop-operator',
    'Lets an application start without operators that it had',
    () => import('./verbs/app-drop-operator.ts'),
  ),
  entry('replay start', 'Replays a script beside the live version', () => import('./verbs/replay-start.ts')),
  entry(
    'replay status',
    'Shows how far the versions beside the live ones are',
    () => import('./verbs/replay-status.ts'),
  ),
  entry('replay pause', 'Pauses a version beside the live one', () => import('./verbs/replay-pause.ts')),
  entry('replay resume', 'Lets a paused version go on', () => import('./verbs/replay-resume.ts')),
  entry('replay compare', 'Shows how a version differs from the live one', () => import('./verbs/replay-compare.ts')),
  entry('replay switch', 'Makes a version the live one', () => import('./verbs/replay-switch.ts')),
  entry('replay back', 'Makes the version before a switch live again', () => import('./verbs/replay-back.ts')),
  entry('replay drop', 'Deletes a version beside the live one', () => import('./verbs/replay-drop.ts')),
  entry('replay twice', 'Says whether a script gives the same output twice', () => import('./verbs/replay-twice.ts')),
  entry('store list', 'Lists the stores of an application', () => import('./verbs/store-list.ts')),
  entry('store get', 'Shows what a store has for a key', () => import('./verbs/store-get.ts')),
  entry('store range', 'Shows rows of a store between two keys', () => import('./verbs/store-range.ts')),
  entry('store dump', 'Prints all rows of a store', () => import('./verbs/store-dump.ts')),
  entry('dlq list', 'Lists the dead letters of an application', () => import('./verbs/dlq-list.ts')),
  entry('dlq show', 'Shows a dead letter with its record', () => import('./verbs/dlq-show.ts')),
  entry('dlq edit', 'Sends the record of a dead letter again, changed', () => import('./verbs/dlq-edit.ts')),
  entry('dlq redrive', 'Sends dead letters again, each once', () => import('./verbs/dlq-redrive.ts')),
  entry('verify', 'Checks all that is stored', () => import('./verbs/verify.ts')),
  entry('backup', 'Copies the log while it is in use', () => import('./verbs/backup.ts')),
  entry('restore', 'Makes a log from a backup', () => import('./verbs/restore.ts')),
  entry('stats', 'Shows what takes the space', () => import('./verbs/stats.ts')),
  entry('ui', 'Serves a page that shows everything, live', () => import('./verbs/ui.ts')),
  entry('doctor', 'Says what is wrong here, and what to do', () => import('./verbs/doctor.ts')),
  entry('completion', 'Prints a script that lets a shell complete commands', () => import('./verbs/completion.ts')),
]

/** What the command calls itself: no help lists it, and no one types it. */
export const hiddenVerbs: readonly VerbEntry[] = [
  entry('__complete', 'Says what may come next on a command line', () => import('./verbs/complete-line.ts')),
  entry('__count-clicks', 'Counts clicks until it is killed', () => import('./verbs/count-clicks.ts')),
]
