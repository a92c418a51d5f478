// Delete all audiences.
//
// Params   none
// Returns  nothing
// Repeat   safe
MATCH (a:Audience)
DETACH DELETE a
