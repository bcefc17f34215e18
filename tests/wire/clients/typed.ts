// Typed documents at work: this compiles under `tsc --strict` or the test fails; the expected error must be one.
import type { ResultOf, VariablesOf } from "@graphql-typed-document-node/core";
import { EntriesHeldDocument, WhoAmIDocument, type EntriesHeldQuery } from "./generated/graphql";

export function heldNumbers(answer: ResultOf<typeof EntriesHeldDocument>): string[] {
  const numbers: (string | null | undefined)[] = answer.entries?.nodes.map((entry) => entry.entryNumber) ?? [];
  return numbers.filter((number): number is string => typeof number === "string");
}

export const variables: VariablesOf<typeof EntriesHeldDocument> = { first: 10, statuses: ["HELD"] };
export const total: (answer: EntriesHeldQuery) => number | undefined = (answer) => answer.entries?.totalCount;

// @ts-expect-error `first` is required and is a number
export const wrong: VariablesOf<typeof EntriesHeldDocument> = { first: "ten" };

// @ts-expect-error an entry has no such field in this document
export const absent = (answer: EntriesHeldQuery): unknown => answer.entries?.nodes[0]?.nothing;

export const caller = (answer: ResultOf<typeof WhoAmIDocument>): string | undefined => answer.viewer?.subject;
