/** The right answers, computed from the generator. */
import { cityOf, countryOf, statusOf, tagsOf, totalOf } from './data.js';
import type { Revenue } from './peer.js';

export class Answers {
  private readonly lists = new Map<string, number[]>();
  private readonly totals: Float64Array;

  constructor(
    readonly documents: number,
    readonly seed: number,
  ) {
    this.totals = new Float64Array(documents);
    for (let i = 0; i < documents; i++) {
      this.totals[i] = totalOf(i, seed);
      for (const name of [statusOf(i, seed), cityOf(i, seed), ...new Set(tagsOf(i, seed))])
        this.list(name).push(i);
    }
    this.totals.sort();
  }

  /** Numbers of the orders of a status, a city, a tag, ascending. */
  list(name: string): number[] {
    let list = this.lists.get(name);
    if (list === undefined) this.lists.set(name, (list = []));
    return list;
  }

  /** The 20 greatest numbers below `before` of a status, descending. */
  latest(status: string, before: number): number[] {
    const list = this.list(status);
    const end = lowerBound(list, before);
    return list.slice(Math.max(0, end - 20), end).reverse();
  }

  filtered(status: string, from: number, to: number, country: string): number[] {
    const list = this.list(status);
    return list
      .slice(lowerBound(list, from), lowerBound(list, to))
      .filter((i) => countryOf(i, this.seed) === country);
  }

  countTotals(low: number, high: number): number {
    return lowerBound(this.totals, high) - lowerBound(this.totals, low);
  }

  revenue(): Revenue[] {
    const sums = new Map<string, { country: string; orders: number; revenue: number }>();
    for (let i = 0; i < this.documents; i++) {
      const country = countryOf(i, this.seed);
      let sum = sums.get(country);
      if (sum === undefined) sums.set(country, (sum = { country, orders: 0, revenue: 0 }));
      sum.orders++;
      sum.revenue += totalOf(i, this.seed);
    }
    return [...sums.values()].sort((a, b) => b.revenue - a.revenue);
  }
}

/** How many of the ascending list are below `bound`. */
function lowerBound(list: ArrayLike<number>, bound: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
