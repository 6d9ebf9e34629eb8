/** All commands of the document layer. Those about connections and logins are added by the wire protocol. */
import type { Command } from './command.js';
import { createCommands } from './catalog/create.js';
import { dbStatsCommands } from './catalog/db-stats.js';
import { sizeCommands } from './catalog/sizes.js';
import { validateCommands } from './catalog/validate.js';
import { dropCommands } from './catalog/drop.js';
import { indexCommands } from './catalog/indexes.js';
import { listCommands } from './catalog/list.js';
import { aggregateCommands } from './crud/aggregate.js';
import { bulkWriteCommands } from './crud/bulk-write.js';
import { explainCommands } from './crud/explain.js';
import { findCommands } from './crud/find.js';
import { updateCommands } from './crud/update.js';
import { writeCommands } from './crud/write.js';
import { identityCommands } from './diagnostics/identity.js';
import { operationCommands } from './diagnostics/operations.js';
import { parameterCommands } from './diagnostics/parameters.js';
import { clusterParameterCommands } from './diagnostics/cluster-parameters.js';
import { planCacheCommands } from './diagnostics/plan-cache.js';
import { metadataCommands } from './diagnostics/database-metadata.js';
import { profile } from './diagnostics/profile.js';
import { settingCommands } from './diagnostics/settings.js';
import { statusCommands } from './diagnostics/status.js';
import { contentCommands } from './diagnostics/contents.js';
import { sessionCommands } from './session/sessions.js';
import { transactionCommands } from './session/transactions.js';

export const elmoCommands: readonly Command[] = [
  ...findCommands,
  ...explainCommands,
  ...aggregateCommands,
  ...writeCommands,
  ...updateCommands,
  ...bulkWriteCommands,
  ...createCommands,
  ...dropCommands,
  ...dbStatsCommands,
  ...sizeCommands,
  ...validateCommands,
  ...indexCommands,
  ...listCommands,
  ...identityCommands,
  ...statusCommands,
  ...operationCommands,
  ...parameterCommands,
  ...clusterParameterCommands,
  profile,
  ...settingCommands,
  ...metadataCommands,
  ...planCacheCommands,
  ...contentCommands,
  ...sessionCommands,
  ...transactionCommands,
];
