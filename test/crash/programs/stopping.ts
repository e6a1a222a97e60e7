// A process of the kill loop that stops itself when it is told to (SIGSTOP). It looks for lines between two commits: inside of one it would
// keep everybody from committing until it goes on.

export function stopWhenTold(input: AsyncIterator<string>): void {
  void (async () => {
    for (let next = await input.next(); next.done !== true; next = await input.next()) {
      if (next.value === 'stop') process.kill(process.pid, 'SIGSTOP')
    }
  })()
}
