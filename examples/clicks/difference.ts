/**
 * Where two outputs of `--json` differ.
 */

/** The first line that is not the same in both; undefined when every byte is. */
export function differenceOf(uninterrupted: string, killed: string): string | undefined {
  if (uninterrupted === killed) return undefined
  const [ones, others] = [uninterrupted.split('\n'), killed.split('\n')]
  const length = Math.max(ones.length, others.length)
  const at = Array.from({ length }, (_, index) => index).find((index) => ones[index] !== others[index]) ?? 0
  return `Line ${at + 1} uninterrupted: ${ones[at] ?? 'none'}\nLine ${at + 1} killed: ${others[at] ?? 'none'}`
}
