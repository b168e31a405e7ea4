import { api } from "../../store/session";
import { useResource } from "../../store/resource";
import { Loaded } from "../../ui/loaded";
import { Page } from "../../ui/page";
import { NodesCard } from "./nodes_card";
import { PlotGrid } from "./plot_grid";
import { Problems } from "./problems";
import { StateCounts } from "./state_counts";

/** What is wrong, for whom, since when; then how it goes. */
export function OverviewPage() {
  const overview = useResource("overview", api.overview, 5_000, "/overview");
  const history = useResource("history", api.history, 15_000);
  return (
    <Page title="Overview" heard={overview.heard}>
      <Loaded of={overview} rows={6}>
        {(data) => (
          <>
            <Problems problems={data.problems} total={data.problems_total} />
            <StateCounts overview={data} />
            <PlotGrid now={data.now} history={history}><NodesCard nodes={data.nodes} shardsWithoutNode={data.shards_without_node} /></PlotGrid>
          </>
        )}
      </Loaded>
    </Page>
  );
}
