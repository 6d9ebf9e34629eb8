/** The data of the application, without Electron: opened once, asked by the windows, closed before the process ends. */
import { connect, type Collection, type ElmoClient } from 'elmodb';

export interface Task {
  _id: number;
  text: string;
  done: boolean;
}

export class TaskDatabase {
  private constructor(
    private readonly client: ElmoClient,
    private readonly tasks: Collection<Task>,
  ) {}

  static async open(path: string): Promise<TaskDatabase> {
    const client = await connect(path, { durability: 'full' }); // a desktop loses power now and then
    const tasks = client.db('app').collection<Task>('tasks');
    await tasks.createIndex({ done: 1, _id: 1 });
    return new TaskDatabase(client, tasks);
  }

  async add(text: string): Promise<Task> {
    const last = await this.tasks.findOne({}, { sort: { _id: -1 } });
    const task = { _id: (last?._id ?? 0) + 1, text, done: false };
    await this.tasks.insertOne(task);
    return task;
  }

  async finish(id: number): Promise<boolean> {
    const { matchedCount } = await this.tasks.updateOne({ _id: id }, { $set: { done: true } });
    return matchedCount === 1;
  }

  list(done?: boolean): Promise<Task[]> {
    return this.tasks
      .find(done === undefined ? {} : { done })
      .sort({ _id: 1 })
      .toArray();
  }

  close(): Promise<void> {
    return this.client.close();
  }
}
