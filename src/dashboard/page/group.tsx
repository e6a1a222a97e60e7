/**
 * A group: where it is in each partition, and who reads for it.
 */
import type { GroupDetailView, GroupView, HistoryView, Trouble } from '../views.ts'
import { pathOf, TextLink } from './address.tsx'
import { Answered, useAnswer } from './answer.tsx'
import { Charts } from './chart.tsx'
import { Fact, Facts } from './facts.tsx'
import { type Live, partOf } from './live.ts'
import { Notice } from './notice.tsx'
import { partitionRuns } from './partition-runs.ts'
import { Positions } from './positions.tsx'
import { Spark } from './spark.tsx'
import { Table } from './table.tsx'
import { Ago, count, lag, Text } from './text.tsx'
import { Troubles } from './troubles.tsx'

export function Group({ name, live }: { readonly name: string; readonly live: Live }) {
  const group = partOf<GroupView>(live, `group/${name}`)
  const troubles = partOf<readonly Trouble[]>(live, 'troubles') ?? []
  // Members and what they have are read again every two seconds, and at once when one comes or goes.
  const again = group === undefined ? 'gone' : `${Math.floor(live.atMs / 2_000)} ${group.members} ${group.state}`
  const answer = useAnswer<GroupDetailView>(`/api${pathOf('groups', name)}`, again)
  return (
    <>
      <h1>
        <Text of={name} />
      </h1>
      {group !== undefined && (
        <>
          <Facts>
            <Fact name="lag">{lag(group.lag, group.lagMs)}</Fact>
            {group.kind === 'group' && <Fact name="members">{count(group.members)}</Fact>}
            {group.kind === 'group' && <Fact name="state">{group.state}</Fact>}
          </Facts>
          <Troubles of={troubles.filter(({ at }) => at === pathOf('groups', name))} />
          <Charts
            label="Charts of the group"
            of={partOf<HistoryView>(live, `history/group/${name}`)}
            atMs={live.atMs}
            figures={['lag', 'lagMs']}
          />
        </>
      )}
      <Answered answer={answer}>{(found) => <Found of={found} />}</Answered>
    </>
  )
}

function Found({
  of: { name, kind, generation, assignor, members, positions, positionsLeftOut },
}: {
  readonly of: GroupDetailView
}) {
  return (
    <>
      {kind === 'application' ? (
        <p class="about">
          An application reads under this name: <TextLink to={pathOf('applications', name)} of={name} />
        </p>
      ) : (
        <p class="about">
          generation {generation}
          {assignor === null ? '' : `, ${assignor}`}
        </p>
      )}
      <section aria-labelledby="positions">
        <h2 id="positions">Positions</h2>
        {positions.length === 0 ? (
          <Notice kind="empty">It has committed no position yet.</Notice>
        ) : (
          <Positions
            rows={positions}
            leftOut={positionsLeftOut}
            columns={[
              {
                head: 'lag, 15 min',
                isExtra: true,
                of: ({ lags }) => <Spark of={lags} what="records of lag" />,
              },
              { head: 'committed', isExtra: true, of: ({ committedMs }) => <Ago ms={committedMs} /> },
              { head: 'member', isExtra: true, of: ({ member }) => (member === null ? '–' : <Text of={member} />) },
            ]}
          />
        )}
      </section>
      {kind === 'group' && (
        <section aria-labelledby="members">
          <h2 id="members">Members</h2>
          {members.length === 0 ? (
            <Notice kind="empty">It has no members: new records wait.</Notice>
          ) : (
            <Table
              caption="Members"
              rows={members}
              keyOf={({ memberId }) => memberId}
              columns={[
                { head: 'member', of: ({ memberId }) => <Text of={memberId} /> },
                { head: 'client', isExtra: true, of: ({ clientId }) => <Text of={clientId} /> },
                { head: 'where', of: ({ pid, host }) => `pid ${pid} on ${host}` },
                { head: 'heartbeat', isExtra: true, of: ({ lastHeartbeatMs }) => <Ago ms={lastHeartbeatMs} /> },
                { head: 'partitions', of: ({ partitions }) => <Text of={partitionRuns(partitions)} /> },
              ]}
            />
          )}
        </section>
      )}
    </>
  )
}
