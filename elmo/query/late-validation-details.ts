/** Why a validator refuses a document, loaded at the first refusal (docs/decisions/0015-loaded-late.md). */
import * as details from './validation-details.js';

export const lateValidationDetails = (): typeof details => details;
