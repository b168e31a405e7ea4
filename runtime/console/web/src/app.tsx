import { place } from "./store/router";
import { isTokenNeeded } from "./store/session";
import { Boundary } from "./ui/boundary";
import { ConfirmHost } from "./ui/confirm";
import { Empty } from "./ui/empty";
import { KeyHelp } from "./ui/key_help";
import { Nav } from "./ui/nav";
import { Page } from "./ui/page";
import { SignIn } from "./ui/sign_in";
import { Toast } from "./ui/toast";
import { ActorsPage } from "./pages/actors/actors_page";
import { AuditPage } from "./pages/audit/audit_page";
import { ClusterPage } from "./pages/cluster/cluster_page";
import { DeadLettersPage } from "./pages/dead_letters/dead_letters_page";
import { OverviewPage } from "./pages/overview/overview_page";
import { RunsPage } from "./pages/runs/runs_page";
import { SinksPage } from "./pages/sinks/sinks_page";
import { TenantPage } from "./pages/tenant/tenant_page";
import { TenantsPage } from "./pages/tenants/tenants_page";

function Here() {
  const [first, second] = place.value.path;
  switch (first) {
    case undefined: return <OverviewPage />;
    case "tenants": return second ? <TenantPage key={second} tenant={second} /> : <TenantsPage />;
    case "runs": return <RunsPage />;
    case "dead-letters": return <DeadLettersPage />;
    case "sinks": return <SinksPage />;
    case "cluster": return <ClusterPage />;
    case "actors": return <ActorsPage />;
    case "audit": return <AuditPage />;
    default: return <Page title="There is no such page"><Empty title="There is no such page"><a href="#/">To the overview</a></Empty></Page>;
  }
}

export function App() {
  return (
    <>
      <Nav />
      {isTokenNeeded.value ? <SignIn /> : <Boundary key={place.value.path.join("/")}><Here /></Boundary>}
      <ConfirmHost />
      <KeyHelp />
      <Toast />
    </>
  );
}
