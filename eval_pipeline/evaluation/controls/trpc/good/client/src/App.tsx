import { createTRPCClient, httpBatchLink } from "@trpc/client";
import { useEffect, useState } from "react";
import type { Router } from "../../server/router.js";

const api = createTRPCClient<Router>({ links: [httpBatchLink({ url: "/api/trpc" })] });

type Areas = Awaited<ReturnType<typeof api.areas.query>>;

const dollars = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });

export function App() {
  const [areas, setAreas] = useState<Areas>();
  const [problem, setProblem] = useState("");

  useEffect(() => {
    api.areas.query({ limit: 10 }).then(setAreas, (error: Error) => setProblem(error.message));
  }, []);

  if (problem) return <p role="alert">The fares could not be read: {problem}</p>;
  if (!areas) return <p>Reading the fares</p>;
  return (
    <main>
      <h1>Taxi fares by area</h1>
      <table>
        <thead>
          <tr><th>Zip</th><th>Trips</th><th>Fares</th><th>Mean fare</th></tr>
        </thead>
        <tbody>
          {areas.map((area) => (
            <tr key={area.zip}>
              <td>{area.zip}</td>
              <td>{area.trips}</td>
              <td>{dollars.format(area.fares)}</td>
              <td>{dollars.format(area.meanFare)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </main>
  );
}
