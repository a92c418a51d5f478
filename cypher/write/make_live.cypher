// Switch every reader to a run that is wholly written: the one moment at which anything changes.
//
// The live run is always the same node, and the two runs change places: what a reader sees of
// another's commit comes piece by piece, so that with a flag to clear here and to set there some
// would find two live runs, or none. A reader takes the one live node's run_id, old or new.
//
// Params   $run_id  STRING, $now  ZONED DATETIME
// Returns  run_id  STRING: the run that is live now; no row where there is no such run
// Repeat   safe
CYPHER 25
MATCH (target:ModelRun {run_id: $run_id})
OPTIONAL MATCH (former:ModelRun {live: true}) WHERE former <> target
WITH target, former, properties(target) AS next, properties(former) AS last
CALL (target, former, next, last) {
  WHEN former IS NULL THEN {
    SET target.live = true, target.published_at = $now
  } ELSE {
    REMOVE target.run_id
    SET former = next {.*, live: true, published_at: $now}
    SET target = last {.*, live: false}
  }
}
RETURN $run_id AS run_id
