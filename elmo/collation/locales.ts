/**
 * The locales a collation may name. Source: MongoDB manual, "Collation Locales and Default Parameters".
 */

/** Variants beside the default order, by locale; every locale has `search` as well. */
const LOCALES: Readonly<Record<string, readonly string[]>> = {
  af: [],
  am: [],
  ar: ['compat'],
  as: [],
  az: [],
  be: [],
  bg: [],
  bn: ['traditional'],
  bo: [],
  bs: [],
  bs_Cyrl: [],
  ca: [],
  chr: [],
  cs: [],
  cy: [],
  da: [],
  de: ['phonebook', 'eor'],
  de_AT: ['phonebook'],
  dsb: [],
  dz: [],
  ee: [],
  el: [],
  en: [],
  en_US: [],
  en_US_POSIX: [],
  eo: [],
  es: ['traditional'],
  et: [],
  fa: [],
  fa_AF: [],
  fi: ['traditional'],
  fil: [],
  fo: [],
  fr: [],
  fr_CA: [],
  ga: [],
  gl: [],
  gu: [],
  ha: [],
  haw: [],
  he: [],
  hi: [],
  hr: [],
  hsb: [],
  hu: [],
  hy: [],
  id: [],
  ig: [],
  is: [],
  it: [],
  ja: ['unihan'],
  ka: [],
  kk: [],
  kl: [],
  km: [],
  kn: ['traditional'],
  ko: ['unihan', 'searchjl'],
  kok: [],
  ky: [],
  lb: [],
  lkt: [],
  ln: ['phonetic'],
  lo: [],
  lt: [],
  lv: [],
  mk: [],
  ml: [],
  mn: [],
  mr: [],
  ms: [],
  mt: [],
  my: [],
  nb: [],
  ne: [],
  nl: [],
  nn: [],
  om: [],
  or: [],
  pa: [],
  pl: [],
  ps: [],
  pt: [],
  ro: [],
  ru: [],
  se: [],
  si: ['dictionary'],
  sk: [],
  sl: [],
  smn: [],
  sq: [],
  sr: [],
  sr_Latn: [],
  sv: ['reformed'],
  sw: [],
  ta: [],
  te: [],
  th: [],
  to: [],
  tr: [],
  ug: [],
  uk: [],
  ur: [],
  vi: ['traditional'],
  wae: [],
  yi: [],
  yo: [],
  zh: ['big5han', 'gb2312han', 'pinyin', 'stroke', 'unihan', 'zhuyin'],
  zh_Hant: ['big5han', 'gb2312han', 'pinyin', 'stroke', 'unihan', 'zhuyin'],
  zu: [],
};

const SHARED_VARIANTS: readonly string[] = ['search', 'standard', 'emoji', 'eor'];

/** @param locale  as a collation writes it: 'de', 'fr_CA', 'es@collation=traditional' */
export function isKnownLocale(locale: string): boolean {
  const [base = '', variant, ...rest] = locale.split('@collation=');
  if (rest.length > 0 || !Object.hasOwn(LOCALES, base)) return false;
  return variant === undefined || SHARED_VARIANTS.includes(variant) || LOCALES[base]!.includes(variant);
}

/** The same locale as a language tag of BCP 47: 'fr-CA', 'es-u-co-trad'. */
export function languageTagOf(locale: string): string {
  const [base = '', variant] = locale.split('@collation=');
  const tag = TAGS[base] ?? base.replaceAll('_', '-');
  const type = variant === undefined ? undefined : (VARIANT_TYPES[variant] ?? variant);
  return type === undefined || type === 'standard' ? tag : `${tag}-u-co-${type}`;
}

const TAGS: Readonly<Record<string, string>> = { en_US_POSIX: 'en-US-u-va-posix' };

/** Variants whose type in a language tag is shorter. */
const VARIANT_TYPES: Readonly<Record<string, string>> = {
  dictionary: 'dict',
  gb2312han: 'gb2312',
  phonebook: 'phonebk',
  reformed: 'reformed',
  traditional: 'trad',
};
