/** The typed client of the API, and how its failures read. */
import { createTRPCClient, httpLink, TRPCClientError } from "@trpc/client";
import superjson from "superjson";
import type { AppRouter } from "../../server/src/router";

export const api = createTRPCClient<AppRouter>({ links: [httpLink({ url: "/trpc", transformer: superjson })] });

export function describeError(error: unknown): string {
  if (error instanceof TRPCClientError && error.data) return error.message;
  return "The server could not be reached. Check your connection and try again.";
}
