from tests.flow.zz.explore import *
import pytest
from sandbox.tenant.model import Expiration
P=PRODUCTION_DATABASE
def pw(w): return next(p for p in w.policies.values() if p.package_id==P)
def st(i,**k):
    def f(w): pw(w).approval["stages"][i].update(k)
    return f
def appr(**k):
    def f(w): pw(w).approval.update(k)
    return f
def req(**k):
    def f(w): pw(w).settings["requestorSettings"]|=k
    return f
def s1(w): pw(w).approval["stages"]=pw(w).approval["stages"][:1]
def s3(w): pw(w).approval["stages"]=pw(w).approval["stages"]+[stage(primaryApprovers=[U(seed.CY)])]
def hide(w): w.packages[P].is_hidden=True
def desc(w): w.packages[P].display_name="Prod DB"
def q(w): pw(w).settings["questions"]=examples.questions()
def optq(w): pw(w).settings["questions"]=[{**examples.questions()[1]}]
def second(w):
    p=pw(w); n=copy.deepcopy(p); n.id="9b000000-0000-4000-8000-00000000aaaa"; n.display_name="Another"; n.expiration=Expiration("afterDuration",duration=timedelta(days=1)); w.policies[n.id]=n
def better(w):
    second(w); n=w.policies["9b000000-0000-4000-8000-00000000aaaa"]; n.allowed_target_scope="specificDirectoryUsers"; n.specific_allowed_targets=[U(seed.ANN)]; n.approval["isApprovalRequiredForAdd"]=False
CASES={"plain":lambda w:None,"first approver swapped":st(0,primaryApprovers=[U(seed.CY)]),"second swapped":st(1,primaryApprovers=[U(seed.CY)]),
"stage2 dropped":s1,"stage added":s3,"no approval now":appr(isApprovalRequiredForAdd=False),"justif1":st(0,isApproverJustificationRequired=True),
"visib2":st(1,approverInformationVisibility="notVisible"),"deadline2":st(1,durationBeforeAutomaticDenial="P1D"),"esc2":st(1,isEscalationEnabled=True,durationBeforeEscalation="PT1H",escalationApprovers=[U(seed.CY)]),
"closed":req(enableTargetsToSelfAddAccess=False),"hidden":hide,"renamed":desc,"questions":q,"optional question":optq,"second equal":second,"better":better,"hours":lambda w: setattr(pw(w),"expiration",Expiration("afterDuration",duration=timedelta(hours=5)))}
@pytest.mark.parametrize("version",["v1.0","beta"])
@pytest.mark.parametrize("case",CASES)
async def test_it(database, case, version):
    async with living(database, GRAPH_API_VERSION=version) as w:
        await w.type(ANN,"/request-access production-database because broken")
        card=await w.card(MIA,"Ann")
        await settle(w,60); CASES[case](w.tenant.world); w.tenant.world.touch(); await w.synced()
        print(f"\n== {case} {version}")
        o=await w.press(MIA,card,"Approve")
        await settle(w,60)
        f=w.form(MIA)
        if f: print("   form Mia"); await w.slack.submit(user=MIA,view_id=f.id,values={"reason":{"reason":"ok"}}); await settle(w,60)
        for i in range(5):
            for who in (BO,CY,MIA):
                for c in [c for c in w.cards(who) if "Approve" in labels(c)][-1:]:
                    await w.press(who,c,"Approve"); await settle(w,30)
                    f=w.form(who)
                    if f: await w.slack.submit(user=who,view_id=f.id,values={"reason":{"reason":"ok by "+NAMES[who]}}); await settle(w,60)
                    print("   pressed",NAMES[who], await w.states())
        for u in (ANN,MIA,BO,CY):
          for m in w.direct(u): print(f"   DM {NAMES[u]}:",squeeze(said(m))[:400],labels(m))
        for e in w.whispers(ANN,CHAN)[1:]: print("   eph:",squeeze(e)[:250])
        print(await w.states(), [ (p.body['requestType']) for p in w.posts()])
