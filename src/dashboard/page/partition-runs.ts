/**
 * Partitions in few words: those that follow each other as a run.
 */

/** `clicks/0 clicks/1 orders/0-63`, of partitions as `TOPIC/NUMBER` in their order. */
export function partitionRuns(partitions: readonly string[]): string {
  const runs: { readonly topic: string; readonly first: number; last: number }[] = []
  for (const one of partitions) {
    const at = one.lastIndexOf('/')
    const [topic, number] = [one.slice(0, at), Number(one.slice(at + 1))]
    const run = runs.at(-1)
    if (run?.topic === topic && run.last + 1 === number) run.last = number
    else runs.push({ topic, first: number, last: number })
  }
  return runs
    .flatMap(({ topic, first, last }) =>
      last - first < 2
        ? Array.from({ length: last - first + 1 }, (_, at) => `${topic}/${first + at}`)
        : [`${topic}/${first}-${last}`],
    )
    .join(' ')
}
