from tests.flow.zz.explore import *
import pytest
A=lambda **k: ("approval",k)
R=lambda **k: ("requestor",k)
MGR2={"@odata.type":"#microsoft.graph.requestorManager","managerLevel":2}
CASES={
 "escalate at once": lambda p: p.approval["stages"].__setitem__(0, stage(isEscalationEnabled=True,durationBeforeEscalation="PT0S",escalationApprovers=[U(seed.MIA)])),
 "escalate null": lambda p: p.approval["stages"].__setitem__(0, stage(isEscalationEnabled=True,durationBeforeEscalation=None,escalationApprovers=[U(seed.MIA)])),
 "deny zero": lambda p: p.approval["stages"].__setitem__(0, stage(durationBeforeAutomaticDenial="PT0S")),
 "deny null": lambda p: p.approval["stages"].__setitem__(0, stage(durationBeforeAutomaticDenial=None)),
 "approval no stages": lambda p: p.approval.__setitem__("stages",[]),
 "no approval": lambda p: p.approval.__setitem__("isApprovalRequiredForAdd",False),
 "expiration notSpecified": lambda p: setattr(p,"expiration",Expiration("notSpecified")),
 "manager2 no fallback": lambda p: p.approval["stages"].__setitem__(0, stage(primaryApprovers=[MGR2])),
 "enables null": lambda p: p.settings["requestorSettings"].__setitem__("enableTargetsToSelfAddAccess",None),
 "justification false": lambda p: p.approval.__setitem__("isRequestorJustificationRequired",False),
 "visibility unknown": lambda p: p.approval["stages"].__setitem__(0, stage(approverInformationVisibility="unknownFutureValue")),
}
from sandbox.tenant.model import Expiration
@pytest.mark.parametrize("version",["v1.0","beta"])
@pytest.mark.parametrize("case",CASES)
async def test_it(database, case, version):
    def prep(o):
        p=next(p for p in o.tenant.world.policies.values() if p.package_id==FINANCE_REPORTS)
        CASES[case](p)
    async with living(database, prepare=prep, GRAPH_API_VERSION=version) as w:
        a=await w.type(ANN,"/request-access finance-reports because Q4")
        await settle(w)
        print(f"\n== {case} {version}: {squeeze(a.text)}"); print(transcript(w)); print(await w.states())
