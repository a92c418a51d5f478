// Merge the brands of past statements, which no product need have any more;
// an alias of another leads there already.
//
// Params   $names  LIST<STRING>
// Returns  nothing
// Repeat   safe: merged on name
UNWIND $names AS name
WITH name WHERE NOT EXISTS {
  MATCH (alias:BrandAlias {name: name}) USING INDEX SEEK alias:BrandAlias(name)
}
MERGE (:Brand {name: name})
