/** Replies of the wire protocol as results of the document layer. */
import {
  Arguments,
  documentValue,
  ElmoError,
  type RawDocument,
  type requests,
  type Value,
} from '../../elmo/index.js';

/** The fields of a reply. @throws ElmoError if it says no */
export function readReply(raw: RawDocument): Arguments {
  const reply = Arguments.of(documentValue(raw));
  if (reply.double('ok') !== 1) throw errorOf(reply);
  return reply;
}

function errorOf(fields: Arguments): ElmoError {
  const [keyPattern, keyValue, errInfo] = ['keyPattern', 'keyValue', 'errInfo'].map((name) =>
    fields.document(name),
  );
  return new ElmoError(fields.number('code') ?? 1, fields.text('errmsg') ?? 'unknown error', {
    ...(keyPattern === undefined ? {} : { keyPattern }),
    ...(keyValue === undefined ? {} : { keyValue }),
    ...(errInfo === undefined ? {} : { errInfo }),
    ...(fields.has('errorLabels')
      ? { errorLabels: fields.elements('errorLabels').map(({ text }) => text) }
      : {}),
  });
}

/** @param offset  number of the command's first statement */
export function failuresOf(reply: Arguments, offset = 0): requests.WriteFailure[] {
  return reply.elements('writeErrors').map((value) => {
    const fields = Arguments.of(value);
    return { index: offset + fields.number('index')!, error: errorOf(fields) };
  });
}

export function upsertedOf(reply: Arguments, offset = 0): { index: number; id: Value }[] {
  return reply.elements('upserted').map((value) => {
    const fields = Arguments.of(value);
    return { index: offset + fields.number('index')!, id: fields.value('_id')! };
  });
}

export function findAndModifyOf(reply: Arguments): requests.FindAndModifyResult {
  const last = reply.struct('lastErrorObject');
  const value = reply.value('value');
  const hasDocument = value !== undefined && !value.isNullish;
  return {
    document: hasDocument ? value.document : undefined,
    updatedExisting: last?.flag('updatedExisting') ?? false,
    matched: last?.number('n') ?? 0,
    upsertedId: last?.value('upserted'),
  };
}
