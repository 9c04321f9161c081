/** A UID as OpenTSDB writes it: upper-case hex, two digits a byte. */
export function uidToHex(uid: number, width: number): string {
  return uid
    .toString(16)
    .toUpperCase()
    .padStart(width * 2, '0')
}

/**
 * The mirror of uidToHex; takes either case, and fewer digits than the width has.
 * @returns undefined where the text is not hex or is longer than the width
 */
export function uidFromHex(hex: string, width: number): number | undefined {
  return /^[0-9a-f]+$/i.test(hex) && hex.length <= width * 2 ? Number.parseInt(hex, 16) : undefined
}
