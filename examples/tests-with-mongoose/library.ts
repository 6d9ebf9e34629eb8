/** What is tested: a small library on mongoose, which knows nothing of the database below it. */
import { Schema, type Connection, type Model } from 'mongoose';

export interface Book {
  title: string;
  copies: number;
  readers: string[];
}

const bookSchema = new Schema<Book>({
  title: { type: String, required: true, unique: true },
  copies: { type: Number, min: 0, default: 1 },
  readers: [String],
});

export class Library {
  readonly books: Model<Book>;

  constructor(private readonly connection: Connection) {
    this.books = connection.model<Book>('Book', bookSchema);
  }

  /** @returns whether there was a copy left */
  async lend(title: string, reader: string): Promise<boolean> {
    const lent = await this.books.findOneAndUpdate(
      { title, copies: { $gt: 0 } },
      { $inc: { copies: -1 }, $push: { readers: reader } },
    );
    return lent !== null;
  }

  /** Gives all that one reader has to another: all of it, or nothing. */
  async handOver(from: string, to: string): Promise<void> {
    await this.connection.transaction(async (session) => {
      await this.books.updateMany({ readers: from }, { $push: { readers: to } }, { session });
      await this.books.updateMany({ readers: from }, { $pull: { readers: from } }, { session });
      if (to === '') throw new Error('to nobody?');
    });
  }
}
