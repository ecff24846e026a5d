import{a as r}from"./chunk-YTYICLZT.js";import{o,u as e}from"./chunk-TFBVLY2D.js";function a(){return o(r,{heading:e.value.agents.heading})}export{a as View};
