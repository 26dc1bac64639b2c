from tests.flow.zz.explore import *
import pytest
from sandbox.tenant.model import Expiration
def cat(state): 
    def f(o): o.tenant.world.catalogs[seed.GENERAL].state=state
    return f
def req(**k):
    def f(o): pol(o).settings["requestorSettings"]|=k
    return f
def scope(s):
    def f(o): pol(o).allowed_target_scope=s
    return f
def auto(o): pol(o).settings["automaticRequestSettings"]={"requestAccessForAllowedTargets":True}
def over(o): pol(o).expiration=Expiration("afterDateTime",end=datetime(2020,1,1,tzinfo=UTC))
def hidden(o): o.tenant.world.packages[FINANCE_REPORTS].is_hidden=True
def vc(o): pol(o).settings["verifiableCredentialSettings"]={"credentialTypes":[{"credentialType":"X","issuers":["did"]}]}
def ext(s):
    def f(o): pol(o).settings["customExtensionStageSettings"]=[{"id":"e","stage":s}]
    return f
CASES={"catalog off":cat("unpublished"),"catalog unknown":cat("unknownFutureValue"),"self add false":req(enableTargetsToSelfAddAccess=False),
"notSpecified":scope("notSpecified"),"external":scope("allExternalUsers"),"unknown scope":scope("unknownFutureValue"),
"auto":auto,"over":over,"hidden":hidden,"vc":vc,"ext":ext("assignmentRequestCreated"),"ext later":ext("assignmentRequestGranted"),"ext dyn":ext("assignmentRequestDeterminingApprovalRequirements"),
"managers only":req(enableTargetsToSelfAddAccess=False,enableOnBehalfRequestorsToAddAccess=True,onBehalfRequestors=[{"@odata.type":"#microsoft.graph.targetManager","managerLevel":1}])}
@pytest.mark.parametrize("version",["v1.0","beta"])
@pytest.mark.parametrize("case",CASES)
async def test_it(database, case, version):
    if version=="beta" and case in("unknown scope",): pytest.skip()
    async with living(database, prepare=CASES[case], GRAPH_API_VERSION=version) as w:
        a=await w.type(ANN,"/request-access finance-reports because Q4")
        await settle(w)
        print(f"\n== {case} {version}: {squeeze(said(a.message))}"); print(transcript(w)); print(await w.states())
