import { expect } from 'chai';
import { HeldMemory } from '../../../elmo/exec/held-memory.js';
import { MemoryKv, type WorkMemory } from '../../../lsm/index.js';

const MIB = 1 << 20;

class ToldKv extends MemoryKv {
  readonly told: number[] = [];
  override workMemory(): WorkMemory {
    return { set: (bytes) => this.told.push(bytes / MIB) };
  }
}

describe('HeldMemory', () => {
  it('tells the store from 16 MiB on, in steps, and when it is over', () => {
    const kv = new ToldKv();
    const memory = new HeldMemory(kv);
    for (let bytes = 0; bytes <= 20 * MIB; bytes += MIB / 2) memory.set(bytes);
    expect(kv.told).to.deep.equal([16, 18, 20]);
    memory.set(19 * MIB);
    memory.set(17 * MIB);
    memory.set(15 * MIB);
    memory.set(14 * MIB);
    memory.clear();
    expect(kv.told).to.deep.equal([16, 18, 20, 17, 0]);
    memory.set(40 * MIB);
    memory.clear();
    memory.clear();
    expect(kv.told.slice(5)).to.deep.equal([40, 0]);
  });

  it('says nothing of little', () => {
    const kv = new ToldKv();
    const memory = new HeldMemory(kv);
    for (const bytes of [0, 10 * MIB, 15 * MIB, 0]) memory.set(bytes);
    memory.clear();
    expect(kv.told).to.deep.equal([]);
  });
});
