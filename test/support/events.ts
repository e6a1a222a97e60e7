// What is told on the channels of millrace while a test runs.
import { type DiagnosticEvents, type DiagnosticName, diagnostics } from 'millrace'
import { onTestFinished } from 'vitest'

/** The events of a channel from now on, in their order; no one listens any longer when the running test is over. */
export function hear<N extends DiagnosticName>(name: N): readonly DiagnosticEvents[N][] {
  const heard: DiagnosticEvents[N][] = []
  onTestFinished(diagnostics.subscribe(name, (event) => heard.push(event)))
  return heard
}
