import { startFake } from "./server";
import { World } from "./world";

const [tenants = "100000", port = "7799"] = process.argv.slice(2);
const fake = await startFake(new World(7, Number(tenants)), "dist", Number(port));
console.log(`${fake.url}  ${tenants} tenants; end with Ctrl-C`);
