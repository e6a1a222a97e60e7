/**
 * Which of the two text formats a scraper would rather have.
 */

/** Whether `Accept` asks for OpenMetrics, and not for plain text before it. */
export function acceptsOpenMetrics(accept: string): boolean {
  const [openMetrics, text] = [weightOf(accept, 'application/openmetrics-text'), weightOf(accept, 'text/plain')]
  return openMetrics > 0 && openMetrics >= text
}

/** The largest weight that a type is given by its name; 0 where it is not named. */
function weightOf(accept: string, type: string): number {
  const weights = accept.split(',').map((one) => {
    const [name = '', ...parameters] = one.split(';').map((part) => part.trim().toLowerCase())
    if (name !== type) return 0
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    return weight === undefined ? 1 : Number(weight.slice(2)) || 0
  })
  return Math.max(0, ...weights)
}
