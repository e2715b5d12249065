/** Where the bearer token of a request to Databricks comes from. */
import { z } from "zod";
import type { WarehouseSettings } from "./config.js";
import { failureOfStatus, WarehouseError } from "./errors.js";

/** Gives a token; `refresh` asks for a new one after the last was refused. */
export type TokenSource = (forwarded: string | undefined, refresh: boolean) => Promise<string>;

const tokenReply = z.object({ access_token: z.string().min(1), expires_in: z.number().positive().default(3600) });

/**
 * The first that is there: a personal access token, a service principal (OAuth client credentials, token kept until
 * a minute before it expires), the visitor's own token that Databricks Apps forwards.
 */
export function tokenSource(settings: WarehouseSettings): TokenSource {
  const { token, clientId, clientSecret } = settings;
  if (token) return async () => token;
  if (clientId && clientSecret) return servicePrincipal(settings.host, clientId, clientSecret);
  return async (forwarded) => {
    if (forwarded) return forwarded;
    throw new WarehouseError(
      "configuration",
      "No credentials. Set DATABRICKS_TOKEN, or DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET.",
    );
  };
}

function servicePrincipal(host: string, clientId: string, clientSecret: string): TokenSource {
  let current: { token: Promise<string>; expiresAt: number } | undefined;

  async function fetchToken(): Promise<{ token: string; seconds: number }> {
    const reply = await fetch(`${host}/oidc/v1/token`, {
      method: "POST",
      headers: {
        authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`,
        "content-type": "application/x-www-form-urlencoded",
      },
      body: new URLSearchParams({ grant_type: "client_credentials", scope: "all-apis" }),
      signal: AbortSignal.timeout(15_000),
    }).catch((error: unknown) => {
      throw new WarehouseError("unreachable", "Databricks' sign-in could not be reached. Check DATABRICKS_HOST.", { cause: error });
    });
    if (!reply.ok) throw failureOfStatus(reply.status === 400 ? 401 : reply.status, "");
    const parsed = tokenReply.safeParse(await reply.json().catch(() => undefined));
    if (!parsed.success) throw new WarehouseError("unexpected", "Databricks' sign-in sent no token.");
    return { token: parsed.data.access_token, seconds: parsed.data.expires_in };
  }

  return (_forwarded, refresh) => {
    if (!current || refresh || Date.now() >= current.expiresAt) {
      const fresh = { token: Promise.resolve(""), expiresAt: Infinity };
      fresh.token = fetchToken().then(
        ({ token, seconds }) => {
          fresh.expiresAt = Date.now() + Math.max(0, seconds - 60) * 1000;
          return token;
        },
        (error: unknown) => {
          if (current === fresh) current = undefined;
          throw error;
        },
      );
      current = fresh;
    }
    return current.token;
  };
}
