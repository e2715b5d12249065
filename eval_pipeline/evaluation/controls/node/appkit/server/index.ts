import { analytics, createApp, server } from "@databricks/appkit";

await createApp({ plugins: [server({ staticPath: "public" }), analytics({})] });
